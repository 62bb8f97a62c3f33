package import LifecycleCore

/// A write that waits for its turn.
package struct WriteJob: Sendable {
    package let worksOnFullDisk: Bool
    package let caller: Caller
    /// Jobs of the same source are carried out in their order.
    package let source: ObjectIdentifier?
    package let run: BoundCall.Write
    /// Called once, after the COMMIT is durable or when it is certain that there is none.
    package let completion: @Sendable (WriteOutcome) -> Void

    package init(
        worksOnFullDisk: Bool, caller: Caller, source: ObjectIdentifier? = nil, run: @escaping BoundCall.Write,
        completion: @escaping @Sendable (WriteOutcome) -> Void
    ) {
        self.worksOnFullDisk = worksOnFullDisk
        self.caller = caller
        self.source = source
        self.run = run
        self.completion = completion
    }
}

/// What became of a write.
package struct WriteOutcome: Sendable {
    package let result: Result<Reply, RPCError>
    /// What was done, for the log; empty when nothing was.
    package let steps: [NewEvent]
    /// What it does to the connection that it came on.
    package let effects: [ConnectionEffect]

    package init(
        _ result: Result<Reply, RPCError>, steps: [NewEvent] = [], effects: [ConnectionEffect] = []
    ) {
        self.result = result
        self.steps = steps
        self.effects = effects
    }
}
