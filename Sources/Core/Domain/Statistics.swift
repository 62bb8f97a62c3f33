/// Figures over many projects. `creditsUsed` = captured + held + refunded, and the counts add up to `total`. Sums are exact
/// up to 2^63 − 1; a greater one stands as that.
public struct Statistics: Sendable, Equatable {
    public var total: Int64 = 0
    public var byStatus = StatusCounts()
    public var creditsUsed: Int64 = 0
    public var creditsRefunded: Int64 = 0
    public var creditsHeld: Int64 = 0
    public var creditsCaptured: Int64 = 0
    /// Completed out of ended, 0...1; absent when none has ended.
    public var successRate: Double?
    /// From creation to completion, in seconds, over the completed; absent when there is none.
    public var averageSeconds: Double?

    public struct StatusCounts: Sendable, Equatable {
        public var pending: Int64 = 0
        public var processing: Int64 = 0
        public var completed: Int64 = 0
        public var failed: Int64 = 0
    }
}

/// What statistics are made of: kept per user, or summed over projects.
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
    /// Milliseconds from creation to completion, summed over the completed.
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
        // Saturating: a user has at most 2^53 − 1 credits at a time, but all users together have no bound.
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
    package static let note = "Figures over many projects. Sums are exact; one above 2^63-1 stands as that."
    package static var blank: Statistics { Statistics() }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("total", &total, .count, "Projects that the filter matches.")
        try fields.required("byStatus", &byStatus, "Projects in each status, also when zero.")
        try fields.required("creditsUsed", &creditsUsed, .sum, "captured + held + refunded.")
        try fields.required("creditsRefunded", &creditsRefunded, .sum, "Of the failed ones.")
        try fields.required("creditsHeld", &creditsHeld, .sum, "Of the unfinished ones.")
        try fields.required("creditsCaptured", &creditsCaptured, .sum, "Of the completed ones.")
        try fields.optional("successRate", &successRate, .part, "Completed out of ended, 0 to 1.")
        try fields.optional("averageSeconds", &averageSeconds, "From creation to completion, of the completed ones.")
    }
}

extension Statistics.StatusCounts: Message {
    package static let title: String? = "StatusCounts"
    package static let note = "Projects in each status."
    package static var blank: Self { Self() }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("pending", &pending, .count, "Not yet reported by a pipeline.")
        try fields.required("processing", &processing, .count, "Being worked on.")
        try fields.required("completed", &completed, .count, "Done.")
        try fields.required("failed", &failed, .count, "Failed and refunded.")
    }
}
