internal import LifecycleCore
internal import Testing

@Suite("The OpenRPC document")
struct OpenRPCTests {
    private func document(_ limits: Limits = Limits()) throws -> JSONValue {
        try parseJSON(try Discover().run(in: EmptyStore(), .test(limits)).document)
    }

    @Test("is strict JSON and says what it is")
    func head() throws {
        let document = try document()
        #expect(document["openrpc"]?.string == "1.3.2")
        #expect(document["info"]?["title"]?.string == "lifecycle-rpc")
        #expect(document["info"]?["version"]?.string == version)
    }

    @Test("lists every method with its parameters, in the order of the table")
    func methods() throws {
        let methods = try #require(try document()["methods"])
        #expect(methods.elements.map { $0["name"]?.string } == MethodTable.standard.entries.map(\.name))
        for (method, entry) in zip(methods.elements, MethodTable.standard.entries) {
            let params = try #require(method["params"])
            #expect(params.elements.map { $0["name"]?.string } == entry.parameters.map(\.name))
            #expect(params.elements.map { $0["required"]?.bool } == entry.parameters.map(\.isRequired))
            #expect(
                params.elements.allSatisfy {
                    $0["schema"]?.kind == .object && $0["description"]?.string?.isEmpty == false
                })
            #expect(method["summary"]?.string == entry.summary)
            #expect(method["result"]?["schema"]?["type"]?.string == "object")
            #expect(method["x-effect"]?.string == (entry.isWrite ? "write" : "read"))
            #expect(method["x-roles"]?.elements.map(\.string) == entry.roles.map(\.rawValue))
        }
    }

    @Test("shows the ranges and the lengths that are enforced")
    func rules() throws {
        let methods = try #require(try document()["methods"])
        func schema(_ method: String, _ param: String) -> JSONValue? {
            methods.elements.first { $0["name"]?.string == method }?["params"]?.elements
                .first { $0["name"]?.string == param }?["schema"]
        }
        #expect(schema("listProjects", "limit")?["minimum"]?.integer == 1)
        #expect(schema("listProjects", "limit")?["maximum"]?.integer == 500)
        #expect(schema("createProject", "userId")?["maxLength"]?.integer == 128)
        #expect(schema("createProject", "userId")?["minLength"]?.integer == 1)
        #expect(schema("createProject", "name")?["minLength"] == nil)
        #expect(schema("getStatus", "projectId")?["format"]?.string == "uuid")
        let words = ["pending", "processing", "completed", "failed"]
        #expect(schema("updateStatus", "status")?["enum"]?.elements.map(\.string) == words)
    }

    @Test("lists every error, and every limit with the value in force")
    func errorsAndLimits() throws {
        var limits = Limits()
        limits.maximumProjectCredits = 12_345
        let document = try document(limits)
        #expect(document["x-errors"]?.elements.map { $0["kind"]?.string } == ErrorKind.all.map(\.name))
        #expect(document["x-errors"]?.elements.map { $0["code"]?.integer } == ErrorKind.all.map(\.code))
        #expect(document["x-limits"]?.members.map { $0.name.string } == limits.table.map(\.name))
        #expect(document["x-limits"]?["maxProjectCredits"]?.integer == 12_345)
    }
}
