/// Writes a result. The thread that ran the rule makes it, and the thread that encodes the reply calls it.
package typealias Reply = @Sendable (inout JSONWriter) -> Void

/// A request whose parameters were read, with erased types, ready to run.
package enum BoundCall: Sendable {
    package typealias Read = @Sendable (ReadTransaction, CallContext) throws(RPCError) -> Reply
    package typealias Write = @Sendable (WriteTransaction, CallContext) throws(RPCError) -> Reply

    case read(ReadCost, Read)
    case write(worksOnFullDisk: Bool, Write)
}

/// A method in the method table.
package struct MethodEntry: Sendable {
    package let name: String
    package let summary: String
    package let roles: [Role]
    package let isWrite: Bool
    package let errors: [ErrorKind]
    package let needsOneOf: [String]
    /// See `ReadMethod`. True for writes.
    package let hasEffect: Bool
    package let parameters: [FieldDescription]
    package let result: Schema

    package let bind: @Sendable (JSONValue?) throws(RPCError) -> BoundCall

    package static func read<M: ReadMethod>(_ method: M.Type) -> MethodEntry {
        MethodEntry(M.self, isWrite: false, hasEffect: M.hasEffect) { params throws(RPCError) in
            let call: M = try ParamsReader.read(params)
            return .read(M.cost) { transaction, context throws(RPCError) in
                let response = try call.run(in: transaction, context)
                return { response.write(to: &$0) }
            }
        }
    }

    package static func write<M: WriteMethod>(_ method: M.Type) -> MethodEntry {
        MethodEntry(M.self, isWrite: true, hasEffect: true) { params throws(RPCError) in
            let call: M = try ParamsReader.read(params)
            return .write(worksOnFullDisk: M.worksOnFullDisk) { transaction, context throws(RPCError) in
                do throws(RPCError) {
                    let response = try call.run(in: transaction, context)
                    return { response.write(to: &$0) }
                } catch {
                    throw error.about(call.subject)
                }
            }
        }
    }

    private init<M: Method>(
        _ method: M.Type, isWrite: Bool, hasEffect: Bool,
        bind: @escaping @Sendable (JSONValue?) throws(RPCError) -> BoundCall
    ) {
        name = M.name
        summary = M.summary
        roles = M.roles
        self.isWrite = isWrite
        errors = M.errors
        needsOneOf = M.needsOneOf
        self.hasEffect = hasEffect
        parameters = M.fieldDescriptions
        result = M.Response.schema
        self.bind = bind
    }
}
