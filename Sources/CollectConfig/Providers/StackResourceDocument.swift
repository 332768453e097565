// SPDX-License-Identifier: Apache-2.0

import CLibExpat
import Glibc

/// What is wrong with an XML document, and where.
struct XMLError: Error, CustomStringConvertible {
    let description: String
}

/// The XML that answers `DescribeStackResource`:
/// `<…Response><DescribeStackResourceResult><StackResourceDetail><FIELD>text`, with or without a name space.
///
/// Read with the system's expat, opened when it is first needed. A document type is refused, and with it entities and default
/// attributes, which let a small document become a large one.
enum StackResourceDocument {
    /// The text of the element `name`; nil when there is none.
    ///
    /// - Throws: `XMLError`.
    static func field(_ name: String, in document: [UInt8]) throws(XMLError) -> [UInt8]? {
        let expat = try Expat.open()
        guard let parser = expat.create(nil) else { throw XMLError(description: "out of memory") }
        defer { expat.free(parser) }
        let reader = Reader(field: name) { expat.stop(parser, 0) }
        return try withExtendedLifetime(reader) { () throws(XMLError) in
            expat.setUserData(parser, Unmanaged.passUnretained(reader).toOpaque())
            expat.setElementHandler(
                parser, { data, name, _ in Reader.of(data).start(name) }, { data, _ in Reader.of(data).end() }
            )
            expat.setCharacterDataHandler(parser) { Reader.of($0).take($1, count: $2) }
            expat.setDocumentTypeHandler(parser) { data, _, _, _, _ in
                Reader.of(data).refuse("it has a document type")
            }
            let bytes = document.map(CChar.init(bitPattern:))
            let status = expat.parse(parser, bytes, Int32(bytes.count), 1)
            if let objection = reader.objection { throw XMLError(description: objection) }
            guard status == XML_STATUS_OK else { throw expat.error(parser) }
            return reader.text
        }
    }

    /// Follows the elements down to the one that is wanted.
    private final class Reader {
        private static let depthLimit = 32
        private static let parents = ["DescribeStackResourceResult", "StackResourceDetail"]

        private let field: String
        private let stop: () -> Void
        private var open: [String] = []
        private(set) var text: [UInt8]?
        /// Why it is not read to its end.
        private(set) var objection: String?
        private var isInside = false

        init(field: String, stop: @escaping () -> Void) {
            self.field = field
            self.stop = stop
        }

        static func of(_ data: UnsafeMutableRawPointer?) -> Reader {
            Unmanaged<Reader>.fromOpaque(data!).takeUnretainedValue()
        }

        func start(_ name: UnsafePointer<CChar>?) {
            guard open.count < Self.depthLimit else {
                return refuse("it is nested deeper than \(Self.depthLimit) levels")
            }
            let qualified = name.map { String(cString: $0) } ?? ""
            open.append(String(qualified.split(separator: ":").last ?? ""))
            guard text == nil, open.count == 4, Array(open[1...2]) == Self.parents, open[3] == field else {
                return
            }
            text = []
            isInside = true
        }

        func end() {
            guard objection == nil else { return }
            open.removeLast()
            if open.count < 4 { isInside = false }
        }

        func take(_ bytes: UnsafePointer<CChar>?, count: Int32) {
            // Text of the field itself, not of elements in it.
            guard isInside, open.count == 4 else { return }
            text?.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: Int(count)))
        }

        func refuse(_ reason: String) {
            objection = objection ?? reason
            stop()
        }
    }

    /// The functions of expat.
    private struct Expat {
        let create: os_XML_ParserCreate
        let free: os_XML_ParserFree
        let setUserData: os_XML_SetUserData
        let setElementHandler: os_XML_SetElementHandler
        let setCharacterDataHandler: os_XML_SetCharacterDataHandler
        let setDocumentTypeHandler: os_XML_SetStartDoctypeDeclHandler
        let parse: os_XML_Parse
        let stopParser: os_XML_StopParser
        let errorCode: os_XML_GetErrorCode
        let errorText: os_XML_ErrorString
        let line: os_XML_GetCurrentLineNumber
        let column: os_XML_GetCurrentColumnNumber

        static func open() throws(XMLError) -> Expat {
            guard let handle = dlopen("libexpat.so.1", RTLD_NOW) else {
                throw XMLError(description: "no libexpat.so.1")
            }
            func symbol<Function>(_ name: String, as type: Function.Type) throws(XMLError) -> Function {
                guard let address = dlsym(handle, name) else {
                    throw XMLError(description: "libexpat has no \(name)")
                }
                return unsafeBitCast(address, to: type)
            }
            return Expat(
                create: try symbol("XML_ParserCreate", as: os_XML_ParserCreate.self),
                free: try symbol("XML_ParserFree", as: os_XML_ParserFree.self),
                setUserData: try symbol("XML_SetUserData", as: os_XML_SetUserData.self),
                setElementHandler: try symbol("XML_SetElementHandler", as: os_XML_SetElementHandler.self),
                setCharacterDataHandler: try symbol(
                    "XML_SetCharacterDataHandler", as: os_XML_SetCharacterDataHandler.self),
                setDocumentTypeHandler: try symbol(
                    "XML_SetStartDoctypeDeclHandler", as: os_XML_SetStartDoctypeDeclHandler.self),
                parse: try symbol("XML_Parse", as: os_XML_Parse.self),
                stopParser: try symbol("XML_StopParser", as: os_XML_StopParser.self),
                errorCode: try symbol("XML_GetErrorCode", as: os_XML_GetErrorCode.self),
                errorText: try symbol("XML_ErrorString", as: os_XML_ErrorString.self),
                line: try symbol("XML_GetCurrentLineNumber", as: os_XML_GetCurrentLineNumber.self),
                column: try symbol("XML_GetCurrentColumnNumber", as: os_XML_GetCurrentColumnNumber.self))
        }

        func stop(_ parser: OpaquePointer, _ isResumable: UInt8) { _ = stopParser(parser, isResumable) }

        func error(_ parser: OpaquePointer) -> XMLError {
            let text = errorText(errorCode(parser)).map { String(cString: $0) } ?? "it is not XML"
            return XMLError(description: "line \(line(parser)), column \(column(parser) + 1): \(text)")
        }
    }
}
