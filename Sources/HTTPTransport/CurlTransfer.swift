// SPDX-License-Identifier: Apache-2.0

import CLibCurl

/// One request on its way; lives on the thread that drives libcurl.
final class CurlTransfer {
    let handle: UnsafeMutableRawPointer
    private let library: CurlLibrary
    private let request: HTTPRequest
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private var response = HTTPResponse(status: 0)
    private var isTooLarge = false

    static let userAgent = "os-collect-config/1.0.0"
    private static let redirectLimit = 30

    init?(_ request: HTTPRequest, _ library: CurlLibrary) {
        guard let handle = library.easyInit() else { return nil }
        self.handle = handle
        self.library = library
        self.request = request
        configure()
    }

    deinit {
        library.easyCleanup(handle)
        library.listFree(headerList)
    }

    private func configure() {
        set(CURLOPT_URL, request.url)
        if request.method == "HEAD" {
            set(CURLOPT_NOBODY, 1)
        } else {
            set(CURLOPT_CUSTOMREQUEST, request.method)
        }
        set(CURLOPT_USERAGENT, Self.userAgent)
        // All encodings that this libcurl can undo.
        set(CURLOPT_ACCEPT_ENCODING, "")
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_NETRC, Int(CURL_NETRC_OPTIONAL.rawValue))
        let protocols = Int(CURLPROTO_HTTP | CURLPROTO_HTTPS)
        set(CURLOPT_PROTOCOLS, protocols)
        set(CURLOPT_REDIR_PROTOCOLS, protocols)
        set(CURLOPT_FOLLOWLOCATION, 1)
        set(CURLOPT_MAXREDIRS, Self.redirectLimit)
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        set(CURLOPT_CONNECTTIMEOUT_MS, request.connectTimeout.milliseconds)
        set(CURLOPT_TIMEOUT_MS, request.timeout.milliseconds)
        if let authorities = request.authorities { set(CURLOPT_CAINFO, authorities) }
        for (name, value) in request.headers {
            headerList = library.listAppend(headerList, "\(name): \(value)")
        }
        _ = os_curl_set_pointer(library.setOption, handle, CURLOPT_HTTPHEADER, headerList)
        receive()
    }

    private func receive() {
        let me = Unmanaged.passUnretained(self).toOpaque()
        _ = os_curl_set_pointer(library.setOption, handle, CURLOPT_WRITEDATA, me)
        _ = os_curl_set_pointer(library.setOption, handle, CURLOPT_HEADERDATA, me)
        _ = os_curl_set_callback(library.setOption, handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, me in
            let transfer = Unmanaged<CurlTransfer>.fromOpaque(me!).takeUnretainedValue()
            return transfer.take(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
        }
        _ = os_curl_set_callback(library.setOption, handle, CURLOPT_HEADERFUNCTION) {
            bytes, size, count, me in
            let transfer = Unmanaged<CurlTransfer>.fromOpaque(me!).takeUnretainedValue()
            transfer.takeHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
            return size * count
        }
    }

    private func set(_ option: CURLoption, _ value: Int) {
        _ = os_curl_set_long(library.setOption, handle, option, value)
    }

    private func set(_ option: CURLoption, _ value: String) {
        _ = value.withCString { os_curl_set_pointer(library.setOption, handle, option, $0) }
    }

    // MARK: The answer

    private func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard response.body.count + bytes.count <= request.answerLimit else {
            isTooLarge = true
            return false
        }
        response.body.append(contentsOf: bytes)
        return true
    }

    private func takeHeader(_ bytes: UnsafeRawBufferPointer) {
        let line = String(decoding: bytes, as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            // The answer behind a redirect or an interim one.
            response.headers.removeAll()
            return
        }
        guard let colon = line.firstIndex(of: ":") else { return }
        let value = line[line.index(after: colon)...]
        let isBlank = { (character: Character) in character == " " || character == "\t" || character.isNewline
        }
        var trimmed = value.drop(while: isBlank)
        while let last = trimmed.last, isBlank(last) { trimmed.removeLast() }
        guard response.headers.count < 1000 else { return }
        response.headers.append((String(line[..<colon]), String(trimmed)))
    }

    /// What came of the transfer, which ended with `code`.
    func result(_ code: CURLcode) -> Result<HTTPResponse, HTTPError> {
        guard code == CURLE_OK else {
            if isTooLarge {
                return .failure(.failed("the answer has more than \(request.answerLimit) bytes"))
            }
            return .failure(
                .failed(library.easyError(code).map { String(cString: $0) } ?? "curl error \(code.rawValue)"))
        }
        var status = 0
        _ = os_curl_get_long(library.getInfo, handle, CURLINFO_RESPONSE_CODE, &status)
        response.status = status
        return .success(response)
    }
}

extension Duration {
    /// At least one, which for libcurl is "no limit" when it is zero.
    fileprivate var milliseconds: Int {
        let (seconds, attoseconds) = components
        return max(1, Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000))
    }
}
