import Testing

@testable import GatewayCore

@Suite struct LiveTailTests {
  private func append(_ ids: ClosedRange<Int64>, to tail: LiveTail) {
    let rows = ids.map { Row(device: "Attic06", boot: 1, seq: $0, timestamp: 0, timeSource: .device, received: 0) }
    tail.append(rows, ids: Array(ids))
  }

  private func ids(_ tail: LiveTail, after id: Int64, limit: Int = 100) -> [Int64]? {
    let found = tail.rows(after: id, limit: limit)
    #expect(found?.rows.map(\.seq) == found?.ids, "each number with its own row")
    return found?.ids
  }

  @Test func emptyTailSendsToTheStore() {
    #expect(ids(LiveTail(), after: 0) == nil)
  }

  @Test func rowsComeAcrossCommitsFromTheMiddleOfOneToTheLimit() {
    let tail = LiveTail()
    append(5...7, to: tail)
    append(9...10, to: tail)
    append(11...20, to: tail)
    #expect(ids(tail, after: 4, limit: 4) == [5, 6, 7, 9])
    #expect(ids(tail, after: 6) == [7] + Array(9...20))
    #expect(ids(tail, after: 8, limit: 3) == [9, 10, 11])
    #expect(ids(tail, after: 19) == [20])
  }

  @Test func nothingNewIsNoAnswer() {
    let tail = LiveTail()
    append(1...3, to: tail)
    #expect(ids(tail, after: 3) == nil)
  }

  @Test func cursorBeforeTheReachIsSentToTheStore() {
    let tail = LiveTail(limit: 10)
    append(1...6, to: tail)
    #expect(ids(tail, after: 0)?.first == 1)
    append(7...12, to: tail)
    #expect(ids(tail, after: 5) == nil, "the first commit had to go, and with it number 6")
    #expect(ids(tail, after: 6) == Array(7...12))
  }

  @Test func firstRowOfAGatewaysLifeIsNotMistakenForTheStoresFirst() {
    let tail = LiveTail()
    append(1000...1001, to: tail)
    #expect(ids(tail, after: 10) == nil)
    #expect(ids(tail, after: 999) == [1000, 1001])
  }

  @Test func afterAClearOnlyLaterRowsAreThere() {
    let tail = LiveTail()
    append(1...3, to: tail)
    tail.clear()
    #expect(ids(tail, after: 0) == nil)
    append(8...9, to: tail)
    #expect(ids(tail, after: 3) == nil, "what was committed in between is in the store only")
    #expect(ids(tail, after: 7) == [8, 9])
  }

  @Test func commitLargerThanTheLimitGoesAsAWhole() {
    let tail = LiveTail(limit: 3)
    append(1...5, to: tail)
    #expect(ids(tail, after: 0) == nil)
    append(6...7, to: tail)
    #expect(ids(tail, after: 5) == [6, 7])
  }
}
