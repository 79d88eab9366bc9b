import GatewayCore
import Testing

@Suite struct SinkPositionTests {
  @Test func stretchesAheadAreJoinedAndSwallowedByTheCursor() {
    var position = SinkPosition(upTo: 100)
    position.deliver(after: 900, through: 950)
    position.deliver(after: 970, through: 980)
    #expect(position.ahead == [901...950, 971...980])
    #expect(position.end == 980 && position.holeEnd(below: 1000) == 900)
    position.deliver(after: 950, through: 970)
    #expect(position.ahead == [901...980])
    position.deliver(after: 100, through: 500)
    #expect(position.upTo == 500 && position.ahead == [901...980])
    position.deliver(after: 500, through: 900)
    #expect(position == SinkPosition(upTo: 980))
    #expect(position.holeEnd(below: 1000) == 1000)
  }

  @Test func positionOfTheSameJournalIsBelieved() {
    let sessions = [StoreSession(id: "a", first: 1), StoreSession(id: "b", first: 801)]
    let position = SinkPosition(upTo: 1000, ahead: [1200...1300], session: "b")
    #expect(position.verified(by: sessions, last: 1300) == position)
    // Written in an earlier session, before anything of the later one.
    let earlier = SinkPosition(upTo: 800, session: "a")
    #expect(earlier.verified(by: sessions, last: 1300) == SinkPosition(upTo: 800, session: "b"))
    // From before there were sessions.
    #expect(SinkPosition(upTo: 9).verified(by: sessions, last: 1300).upTo == 9)
    #expect(SinkPosition(upTo: 1301).verified(by: sessions, last: 1300).upTo == 0)
  }

  /// A copy made at entry 800 in session "a", put back after the sink had 1000, and grown to 1300 since.
  @Test func copyThatGrewBeyondTheCursorIsDeliveredFromWhereItWasMade() {
    let copy = [StoreSession(id: "a", first: 1), StoreSession(id: "c", first: 801)]
    #expect(SinkPosition(upTo: 1000, session: "a").verified(by: copy, last: 1300).upTo == 800)
    #expect(
      SinkPosition(upTo: 700, ahead: [750...900, 950...1000], session: "a").verified(by: copy, last: 1300)
        == SinkPosition(upTo: 700, ahead: [750...800], session: "c"))
    // The sink's session began after the copy was made: nothing says up to where the two agree.
    #expect(SinkPosition(upTo: 1000, session: "b").verified(by: copy, last: 1300).upTo == 0)
  }
}
