import Telemetry

extension InlineBytes<32> {
  /// The id that the straps on GPIO 0 … 3 mean, bit 0 on GPIO 0, high is 1: `Office00` … `Spare15`.
  public init(straps: UInt8) {
    let names: InlineArray<16, StaticString> = [
      "Office00", "Exterior01", "Garage02", "MasterBed03", "LivingRoom04", "Basement05", "Attic06", "FrontDoor07",
      "BackDoor08", "GuestRoom09", "Bathroom10", "Patio11", "Hallway12", "DiningRoom13", "Laundry14", "Spare15",
    ]
    self.init(names[Int(straps & 15)])
  }
}
