/// Totals over many projects. `creditsUsed` = captured + held + refunded, and the counts add up to `total`. Sums are
/// exact up to 2^63 − 1. A greater sum is shown as 2^63 − 1.
public struct Statistics: Sendable, Equatable {
    public var total: Int64 = 0
    public var byStatus = StatusCounts()
    public var creditsUsed: Int64 = 0
    public var creditsRefunded: Int64 = 0
    public var creditsHeld: Int64 = 0
    public var creditsCaptured: Int64 = 0
    /// The share of completed projects among the ended projects, 0 to 1. `nil` if none has ended.
    public var successRate: Double?
    /// The average time from creation to completion in seconds. `nil` if none has completed.
    public var averageSeconds: Double?

    public struct StatusCounts: Sendable, Equatable {
        public var pending: Int64 = 0
        public var processing: Int64 = 0
        public var completed: Int64 = 0
        public var failed: Int64 = 0
    }
}

/// The numbers that statistics are computed from. They are kept for each user, or summed over projects.
package struct Totals: Sendable, Equatable {
    package struct PerStatus: Sendable, Equatable {
        package var count: Int64 = 0
        package var credits: Int64 = 0
        package init(count: Int64 = 0, credits: Int64 = 0) {
            self.count = count
            self.credits = credits
        }
    }

    package var pending = PerStatus()
    package var processing = PerStatus()
    package var completed = PerStatus()
    package var failed = PerStatus()
    /// The sum of the times from creation to completion.
    package var completedMilliseconds: Int64 = 0

    package init() {}

    package subscript(_ status: Status) -> PerStatus {
        get {
            switch status {
            case .pending: pending
            case .processing: processing
            case .completed: completed
            case .failed: failed
            }
        }
        set {
            switch status {
            case .pending: pending = newValue
            case .processing: processing = newValue
            case .completed: completed = newValue
            case .failed: failed = newValue
            }
        }
    }

    package var statistics: Statistics {
        var result = Statistics()
        result.byStatus = .init(
            pending: pending.count, processing: processing.count, completed: completed.count, failed: failed.count)
        // Saturates: one user has at most 2^53 − 1 credits at a time, but all users together have no limit.
        func sum(_ numbers: Int64...) -> Int64 {
            numbers.reduce(0) {
                let (s, o) = $0.addingReportingOverflow($1)
                return o ? .max : s
            }
        }
        result.total = sum(pending.count, processing.count, completed.count, failed.count)
        result.creditsHeld = sum(pending.credits, processing.credits)
        result.creditsCaptured = completed.credits
        result.creditsRefunded = failed.credits
        result.creditsUsed = sum(result.creditsHeld, completed.credits, failed.credits)
        let ended = sum(completed.count, failed.count)
        if ended > 0 { result.successRate = Double(completed.count) / Double(ended) }
        if completed.count > 0 {
            result.averageSeconds = Double(completedMilliseconds / completed.count) / 1000
        }
        return result
    }
}

extension Statistics: Message {
    package static let title: String? = "Statistics"
    package static let note = "Totals over many projects. Sums are exact; one above 2^63-1 is shown as 2^63-1."
    package static var blank: Statistics { Statistics() }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("total", &total, .count, "The number of projects that match the filter.")
        try fields.required("byStatus", &byStatus, "The number of projects in each status.")
        try fields.required("creditsUsed", &creditsUsed, .sum, "creditsCaptured + creditsHeld + creditsRefunded.")
        try fields.required("creditsRefunded", &creditsRefunded, .sum, "Credits of failed projects.")
        try fields.required("creditsHeld", &creditsHeld, .sum, "Credits of unfinished projects.")
        try fields.required("creditsCaptured", &creditsCaptured, .sum, "Credits of completed projects.")
        try fields.optional("successRate", &successRate, .part, "Completed projects / ended projects, 0 to 1.")
        try fields.optional(
            "averageSeconds", &averageSeconds, "Average seconds from the creation of a project to its completion.")
    }
}

extension Statistics.StatusCounts: Message {
    package static let title: String? = "StatusCounts"
    package static let note = "The number of projects in each status."
    package static var blank: Self { Self() }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("pending", &pending, .count, "Projects that no pipeline has reported yet.")
        try fields.required("processing", &processing, .count, "Projects that a pipeline works on.")
        try fields.required("completed", &completed, .count, "Projects that are completed.")
        try fields.required("failed", &failed, .count, "Projects that have failed and are refunded.")
    }
}
