package import LifecycleCore

/// A write that waits for the writer.
package struct WriteJob: Sendable {
    package let worksOnFullDisk: Bool
    package let caller: Caller
    /// Jobs of the same source run in their order.
    package let source: ObjectIdentifier?
    package let run: BoundCall.Write
    /// Called once, when the commit is durable or when it is certain that there will be none.
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

/// The result of a write.
package struct WriteOutcome: Sendable {
    package let result: Result<Reply, RPCError>
    /// The events that the write caused, for the log; empty if there were none.
    package let steps: [NewEvent]
    /// The changes that the write makes on the connection that sent it.
    package let effects: [ConnectionEffect]

    package init(
        _ result: Result<Reply, RPCError>, steps: [NewEvent] = [], effects: [ConnectionEffect] = []
    ) {
        self.result = result
        self.steps = steps
        self.effects = effects
    }
}
