import GatewayCore
import Testing

@Suite struct GapListTests {
  private func told(_ list: GapList) -> [String] {
    list.pieces.map {
      "\($0.seqs.lowerBound)-\($0.seqs.upperBound) \($0.outcome.name)\($0.reason.map { " \($0)" } ?? "")"
    }
  }

  private func list(_ change: (inout GapList) -> Void) -> GapList {
    var list = GapList(device: "Attic06", boot: 17)
    change(&list)
    return list
  }

  @Test func arrivalInTheMiddleSplitsAGap() {
    let list = list {
      $0.open(5...9, at: 1)
      $0.arrive(7...7, at: 2)
    }
    #expect(told(list) == ["5-6 open", "7-7 repaired", "8-9 open"])
    #expect(list.pieces.map(\.closed) == [nil, 2, nil])
    #expect(list.pieces.map(\.detected) == [1, 1, 1])
  }

  @Test func neighboursThatArriveOneByOneBecomeOnePiece() {
    let list = list {
      $0.open(5...9, at: 1)
      for seq in Int64(5)...9 { $0.arrive(seq...seq, at: seq) }
    }
    #expect(told(list) == ["5-9 repaired"])
    #expect(list.pieces[0].closed == 9)
  }

  @Test func reportOfTheDeviceSparesWhatArrived() {
    let list = list {
      $0.open(5...9, at: 1)
      $0.arrive(6...6, at: 2)
      // 10…12 have arrived in order, 13 is the next.
      $0.lose(1...14, "device: dropped", arrived: .spared(seen: 3...12), at: 3)
    }
    #expect(
      told(list) == [
        "1-2 lost device: dropped", "5-5 lost device: dropped", "6-6 repaired", "7-9 lost device: dropped",
        "13-14 lost device: dropped",
      ])
  }

  @Test func readingThatArrivesAlthoughItWasNamedIsRepaired() {
    let list = list {
      $0.lose(5...9, "device: dropped", arrived: .spared(seen: 1...4), at: 1)
      $0.arrive(6...20, at: 2)
    }
    #expect(told(list) == ["5-5 lost device: dropped", "6-9 repaired"])
  }

  @Test func passedOverNumbersThatWereReportedStayLost() {
    let list = list {
      $0.lose(7...8, "device: dropped", arrived: .spared(seen: 1...4), at: 1)
      $0.open(5...9, at: 2)
    }
    #expect(told(list) == ["5-6 open", "7-8 lost device: dropped", "9-9 open"])
  }

  @Test func whatTheGatewayDropsIsLostAlthoughItHadArrived() {
    let list = list {
      $0.open(2...3, at: 1)
      $0.arrive(2...2, at: 2)
      $0.lose(1...3, "gateway: journal full", arrived: .lost, at: 3)
    }
    #expect(told(list) == ["1-3 lost gateway: journal full"])
  }

  /// Against a model that remembers each number by itself.
  @Test(arguments: 0..<200)
  func anySequenceOfEventsMatchesAModelOfSingleNumbers(seed: Int) {
    var random = Lehmer(UInt64(seed) + 1)
    var list = GapList(device: "Attic06", boot: 17)
    var model: [Int64: String] = [:]
    for step in Int64(0)..<40 {
      let start = Int64(random.next() % 30)
      let range = start...start + Int64(random.next() % 6)
      switch random.next() % 4 {
      case 0:
        list.open(range, at: step)
        for seq in range where model[seq] == nil { model[seq] = "open" }
      case 1:
        list.arrive(range, at: step)
        for seq in range where model[seq] != nil { model[seq] = "repaired" }
      case 2:
        let seen = Int64(random.next() % 20)...25
        list.lose(range, "r", arrived: .spared(seen: seen), at: step)
        for seq in range where model[seq] == "open" || model[seq] == nil && !seen.contains(seq) { model[seq] = "lost" }
      case _:
        list.lose(range, "r", arrived: .lost, at: step)
        for seq in range { model[seq] = "lost" }
      }
      var found: [Int64: String] = [:]
      for piece in list.pieces { for seq in piece.seqs { found[seq] = piece.outcome.name } }
      #expect(found == model, "seed \(seed), step \(step)")
      #expect(list.pieces.map(\.count).reduce(0, +) == Int64(model.count))
    }
  }
}

/// A small generator with a seed (Lehmer's, as MINSTD).
private struct Lehmer {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed * 7919 % 2_147_483_647 }
  mutating func next() -> UInt64 {
    state = state * 48_271 % 2_147_483_647
    return state >> 3
  }
}
