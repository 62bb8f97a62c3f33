import Testing

@testable import LifecycleRPC

@Suite("The room that the log needs")
struct LogRoomTests {
    private static let mebi = LogRoom.mebi

    @Test("in normal work the ballast of every day is enough")
    func normal() {
        // All that is in a log of normal length is new.
        let frames = Int64(LogKeeper.checkpointFrames)
        let room = LogRoom(
            pages: 100_000 + frames, committedPages: 100_000 + frames, allocated: 100_000 * 4096, frames: frames)
        #expect(room.growth == 16 * Self.mebi)
        #expect(room.needed(forCharges: true) <= Int64(Ballast.size))
    }

    @Test("the file grows by the pages that it does not have, and by no more than the log has")
    func growth() {
        var room = LogRoom(pages: 1000, committedPages: 1000, allocated: 600 * 4096, frames: 10_000)
        #expect(room.growth == 400 * 4096)
        room.frames = 100
        #expect(room.growth == 100 * 4096)
        // The transaction that is open is in no frame yet.
        room.pages = 1050
        #expect(room.growth == 150 * 4096)
        room.allocated = 2000 * 4096
        #expect(room.growth == 0)
    }

    @Test("what a file system spares when all is copied is not missing later")
    func spared() {
        let room = LogRoom(pages: 1010, committedPages: 1010, allocated: 500 * 4096, spared: 500 * 4096, frames: 5000)
        #expect(room.growth == 10 * 4096)
    }

    @Test("with the log grows what is kept for refunds, up to a bound")
    func refunds() {
        var room = LogRoom(frames: Int64(LogKeeper.checkpointFrames))
        #expect(room.refunds == LogRoom.leastForRefunds)
        room.frames *= 5
        #expect(room.refunds == LogRoom.leastForRefunds + 6 * LogRoom.normalLog)
        room.frames = 10_000_000
        #expect(room.refunds == LogRoom.leastForRefunds + LogRoom.mostForRefunds)
        #expect(room.needed(forCharges: true) - room.needed(forCharges: false) == room.refunds)
    }

    @Test("a checkpoint takes what is free first, then of the ballast, and does not begin when both are too little")
    func copying() {
        // 40 MiB to copy.
        let room = LogRoom(pages: 10_240, committedPages: 10_240, allocated: 0, frames: 10_240)
        let margin = room.margin
        #expect(room.ballastDuringCopy(ballast: 50 * Self.mebi, free: 40 * Self.mebi) == 50 * Self.mebi)
        #expect(room.ballastDuringCopy(ballast: 50 * Self.mebi, free: 30 * Self.mebi) == 40 * Self.mebi - margin)
        #expect(room.ballastDuringCopy(ballast: 40 * Self.mebi, free: 0) == 0)
        #expect(room.ballastDuringCopy(ballast: 39 * Self.mebi, free: 0) == nil)
        #expect(room.ballastDuringCopy(ballast: 0, free: 39 * Self.mebi) == nil)
        #expect(room.ballastDuringCopy(ballast: 0, free: .max) == 0)
    }

    /// Every step on a disk of any size: whatever charges and refunds did by the rules, the copy has its room.
    @Test("by the rules a copy can always end", arguments: [32, 64, 256, 1000] as [Int64])
    func alwaysLeft(megabytes: Int64) {
        var room = LogRoom()
        var free = megabytes * Self.mebi
        var ballast: Int64 = 0
        func setAside(_ needed: Int64) -> Bool {
            guard needed > ballast else { return true }
            guard needed - ballast <= free else { return false }
            free -= needed - ballast
            ballast = needed
            return true
        }
        func commit(newPages: Int64, frames: Int64, isCharge: Bool) -> Bool {
            room.pages = room.committedPages + newPages
            guard setAside(room.needed(forCharges: isCharge)), free >= frames * LogRoom.frame else {
                room.pages = room.committedPages
                return false
            }
            room.committedPages = room.pages
            room.frames += frames
            free -= frames * LogRoom.frame
            return true
        }
        var charges = 0
        while commit(newPages: 20, frames: 30, isCharge: true) { charges += 1 }
        // The disk is full: what is more than the copy needs is for refunds.
        let kept = room.needed(forCharges: false)
        free += max(0, ballast - kept)
        ballast = min(ballast, kept)
        var refunds = 0
        while commit(newPages: 1, frames: 9, isCharge: false) { refunds += 1 }
        #expect(refunds > 100)
        #expect(charges > 100)
        #expect(room.ballastDuringCopy(ballast: ballast, free: 0) != nil)
    }

    @Test("what gives credits back is refused only where that keeps the way out open")
    func refundsRefused() {
        let room = LogRoom(pages: 1000, committedPages: 1000, allocated: 0, frames: 1000)
        let growth = room.growth
        #expect(room.allowsRefund(ballast: growth, free: 65_536, wasShort: false))
        #expect(!room.allowsRefund(ballast: growth, free: 0, wasShort: false))
        #expect(room.allowsRefund(ballast: 0, free: 0, wasShort: true), "others have closed it")
        #expect(LogRoom().allowsRefund(ballast: 0, free: 0, wasShort: false), "there is nothing to copy")
    }

    @Test("the log's index has its room before a commit needs it")
    func index() {
        #expect(LogRoom.indexedFrames(fileSize: 32_768) == 4062)
        #expect(LogRoom.indexedFrames(fileSize: 65_536) == 8158)
        #expect(LogRoom.indexedFrames(fileSize: 0) == 0)
        #expect(!LogRoom(frames: 2014).mayOutgrowIndex(of: 4062))
        #expect(LogRoom(frames: 2015).mayOutgrowIndex(of: 4062))
    }
}

@Suite("The alarm of a log that is not given back")
struct LogWatchTests {
    private static let huge: Int64 = 1 << 40

    @Test("it comes when nothing could be copied for a minute, and goes when all is")
    func held() {
        var watch = LogWatch()
        watch.note((5000, 3000), at: 0)
        watch.note((6000, 3000), at: 30_000)
        #expect(watch.look(logBytes: 1, freeBytes: Self.huge, at: 59_999) == nil)
        let alarm = watch.look(logBytes: 1, freeBytes: Self.huge, at: 60_000)
        guard case .raised = alarm else { return #expect(Bool(false), "\(String(describing: alarm))") }
        #expect(watch.look(logBytes: 1, freeBytes: Self.huge, at: 120_000) == nil, "once")
        watch.note((6000, 6000), at: 121_000)
        #expect(watch.look(logBytes: 1, freeBytes: Self.huge, at: 121_000) == .cleared)
    }

    @Test("readers that come and go hold nothing, and no room is as bad as a reader")
    func progress() {
        var watch = LogWatch()
        for step in 0..<Int32(10) { watch.note((9000 + step, 8000 + step), at: Int64(step) * 30_000) }
        #expect(watch.look(logBytes: 1, freeBytes: nil, at: 271_000) == nil)
        watch.note(nil, at: 280_000)
        #expect(watch.look(logBytes: 1, freeBytes: nil, at: 330_000) != nil)
    }

    @Test("it comes when the log has more than a quarter of what is free, and does not come and go at that size")
    func long() {
        var watch = LogWatch()
        #expect(watch.look(logBytes: 25, freeBytes: 100, at: 0) == nil)
        #expect(watch.look(logBytes: 26, freeBytes: 100, at: 1) != nil)
        #expect(watch.look(logBytes: 24, freeBytes: 100, at: 2) == nil)
        #expect(watch.look(logBytes: 16, freeBytes: 100, at: 3) == .cleared)
        #expect(watch.look(logBytes: 26, freeBytes: nil, at: 4) == nil, "nobody can tell")
    }
}
