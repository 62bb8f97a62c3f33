/// Writes a result. Made where the rule ran, called where the reply is encoded.
package typealias Reply = @Sendable (inout JSONWriter) -> Void

/// A request with its parameters read and its types erased, ready to run.
package enum BoundCall: Sendable {
    package typealias Read = @Sendable (any ReadTransaction, CallContext) throws(RPCError) -> Reply
    package typealias Write = @Sendable (any WriteTransaction, CallContext) throws(RPCError) -> Reply

    case read(ReadCost, Read)
    case write(worksOnFullDisk: Bool, Write)
}

/// A method's place in the table.
package struct MethodEntry: Sendable {
    package let name: String
    package let summary: String
    package let roles: [Role]
    package let isWrite: Bool
    package let errors: [ErrorKind]
    package let needsOneOf: [String]
    /// A read with an effect: see `ReadMethod`.
    package let actsUnheard: Bool
    package let parameters: [FieldDescription]
    package let result: Schema
    /// Reads the parameters.
    package let bind: @Sendable (JSONValue?) throws(RPCError) -> BoundCall

    package static func read<M: ReadMethod>(_ method: M.Type) -> MethodEntry {
        MethodEntry(M.self, isWrite: false, actsUnheard: M.actsUnheard) { params throws(RPCError) in
            let call: M = try ParamsReader.read(params)
            return .read(M.cost) { store, context throws(RPCError) in
                let response = try call.run(in: store, context)
                return { response.write(to: &$0) }
            }
        }
    }

    package static func write<M: WriteMethod>(_ method: M.Type) -> MethodEntry {
        MethodEntry(M.self, isWrite: true, actsUnheard: true) { params throws(RPCError) in
            let call: M = try ParamsReader.read(params)
            return .write(worksOnFullDisk: M.worksOnFullDisk) { store, context throws(RPCError) in
                do throws(RPCError) {
                    let response = try call.run(in: store, context)
                    return { response.write(to: &$0) }
                } catch {
                    throw error.about(call.subject)
                }
            }
        }
    }

    private init<M: Method>(
        _ method: M.Type, isWrite: Bool, actsUnheard: Bool,
        bind: @escaping @Sendable (JSONValue?) throws(RPCError) -> BoundCall
    ) {
        name = M.name
        summary = M.summary
        roles = M.roles
        self.isWrite = isWrite
        errors = M.errors
        needsOneOf = M.needsOneOf
        self.actsUnheard = actsUnheard
        parameters = M.fieldDescriptions
        result = M.Response.schema
        self.bind = bind
    }
}
