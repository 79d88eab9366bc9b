import ArgumentParser
import Foundation
import GatewayCore
import Ingest
import Journal

struct JournalCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "journal",
    abstract: "Look into a journal, take its readings out, check it, make it smaller.",
    discussion: """
      EXAMPLES
        martlet journal stat --journal /var/lib/martlet/journal.sqlite
        martlet journal export --journal … > readings.jsonl      every reading, a line of JSON each
        martlet journal export --after 120000 | gzip > new.gz    what came after entry 120000
        martlet journal verify                                   exit code 1 when something is damaged
        martlet journal compact                                  gives free pages back to the disk

      stat and export also work beside a running gateway; verify and compact need it stopped.
      """,
    subcommands: [Stat.self, Export.self, Verify.self, Compact.self])

  struct Stat: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Count what the journal holds.",
      discussion: """
        EXAMPLE
          martlet journal stat --journal /var/lib/martlet/journal.sqlite
          journal: entries=1820 last=1820 dead_letters=0 bytes=942080 cursor.timescale=1820
        """)

    @OptionGroup var options: SettingsOptions

    func run() async throws {
      try await Failure.reported {
        let file = try JournalFile(path: await Settings.read(options).journalPath, exclusively: false)
        let statistics = try file.statistics()
        try file.close()
        print(
          "journal: entries=\(statistics.entries) last=\(statistics.lastID) dead_letters=\(statistics.deadLetters)"
            + " bytes=\(statistics.bytes)"
            + statistics.cursors.sorted { $0.key < $1.key }.map { " cursor.\($0.key)=\($0.value)" }.joined())
      }
    }
  }

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write every reading as a line of JSON to standard output.",
      discussion: """
        The members are the columns of sensor_data, in SI units. Progress goes to standard error. Also works beside a
        running gateway; it then ends with the last entry there was at its start. A damaged entry is named on standard
        error and left out, and the exit code is 1.

        EXAMPLES
          martlet journal export > readings.jsonl
          martlet journal export --after 120000 --quiet | jq -r '[.timestamp, .device_id, .temperature] | @csv'
        """)

    @OptionGroup var options: SettingsOptions

    @Option(help: "Begin after this entry (an id as journal stat prints them).")
    var after: Int64 = 0

    @Flag(help: "No progress on standard error.")
    var quiet = false

    func run() async throws {
      try await Failure.reported {
        let settings = try await Settings.read(options)
        let file = try JournalFile(path: settings.journalPath, exclusively: false)
        let statistics = try file.statistics()
        var progress = Progress("export", isQuiet: quiet)
        var position = after
        var written = 0
        var damaged = 0
        while position < statistics.lastID {
          let page = try file.entries(after: position, limit: 5000) { id, detail in
            damaged += 1
            Progress.say("entry \(id) \(detail); left out")
          }.prefix { $0.id <= statistics.lastID }
          guard let last = page.last else { break }
          var text = ""
          for entry in page { text += Profiles.row(from: entry).json(gateway: settings.gatewayID) + "\n" }
          try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
          written += page.count
          position = last.id
          progress.tell("\(written) readings, entry \(position) of \(statistics.lastID)")
        }
        try file.close()
        progress.finish("\(written) readings written, \(damaged) damaged")
        if damaged > 0 { throw ExitCode.failure }
      }
    }
  }

  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check the file's pages, and that every entry can be read and says what it is filed under.",
      discussion: """
        Changes nothing. The gateway must be stopped. Exit code 1 when something is damaged.

        EXAMPLE
          martlet journal verify --journal /var/lib/martlet/journal.sqlite
          verify: entries=1820 damaged=0 pages=ok
        """)

    @OptionGroup var options: SettingsOptions

    @Flag(help: "No progress on standard error.")
    var quiet = false

    func run() async throws {
      try await Failure.reported {
        let file = try JournalFile(path: await Settings.read(options).journalPath, exclusively: true)
        var progress = Progress("verify", isQuiet: quiet)
        progress.tell("checking the pages")
        let pages = try file.damage()
        for line in pages { Progress.say("page damage: \(line)") }
        var checked = 0
        var damaged = 0
        func report(_ id: Int64, _ detail: String) {
          damaged += 1
          if damaged <= 20 { Progress.say("entry \(id): \(detail)") }
        }
        // Beyond a damaged page reading itself fails; the pages' own check has named that.
        var position: Int64 = 0
        if pages.isEmpty {
          while true {
            let page = try file.entries(after: position, limit: 5000, damaged: report)
            guard let last = page.last else { break }
            for entry in page { if let fault = Profiles.fault(in: entry) { report(entry.id, fault) } }
            checked += page.count
            position = last.id
            progress.tell("\(checked) entries")
          }
        }
        try file.close()
        progress.finish(nil)
        print("verify: entries=\(checked) damaged=\(damaged) pages=\(pages.isEmpty ? "ok" : "damaged")")
        if damaged > 0 || !pages.isEmpty {
          Progress.say("a gateway that starts on a damaged file sets it aside and takes over what is sound")
          throw ExitCode.failure
        }
      }
    }
  }

  struct Compact: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give the space of deleted entries back to the disk.",
      discussion: """
        The gateway must be stopped. Needs about twice the content's size free for a while, and says so first. Rarely
        needed: the gateway uses freed pages again.

        EXAMPLE
          martlet journal compact --journal /var/lib/martlet/journal.sqlite
          compact: 48394240 -> 1212416 bytes
        """)

    @OptionGroup var options: SettingsOptions

    func run() async throws {
      try await Failure.reported {
        let file = try JournalFile(path: await Settings.read(options).journalPath, exclusively: true)
        let size = try file.compact()
        try file.close()
        print("compact: \(size.before) -> \(size.after) bytes")
      }
    }
  }
}
