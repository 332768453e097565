// SPDX-License-Identifier: Apache-2.0

import CLibCurl

/// One request on its way; lives on the thread that drives libcurl.
final class CurlTransfer {
    let handle: UnsafeMutableRawPointer
    private let library: CurlLibrary
    private let request: HTTPRequest
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private let errorText: UnsafeMutablePointer<CChar>
    private var answer: ReceivedAnswer

    static let userAgent = "os-collect-config/1.0.0"
    private static let errorSize = Int(CURL_ERROR_SIZE)

    init?(_ request: HTTPRequest, _ library: CurlLibrary) {
        guard let handle = library.easyInit() else { return nil }
        self.handle = handle
        self.library = library
        self.request = request
        answer = ReceivedAnswer(bodyLimit: request.answerLimit)
        errorText = .allocate(capacity: Self.errorSize)
        errorText.initialize(repeating: 0, count: Self.errorSize)
        configure()
    }

    deinit {
        library.easyCleanup(handle)
        library.listFree(headerList)
        errorText.deallocate()
    }

    private func configure() {
        set(CURLOPT_URL, request.url)
        if request.method == "HEAD" {
            set(CURLOPT_NOBODY, 1)
        } else {
            set(CURLOPT_CUSTOMREQUEST, request.method)
        }
        set(CURLOPT_USERAGENT, Self.userAgent)
        set(CURLOPT_ACCEPT_ENCODING, "gzip, deflate")
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        set(CURLOPT_HTTP09_ALLOWED, 0)
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_NETRC, Int(CURL_NETRC_OPTIONAL.rawValue))
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_CONNECTTIMEOUT_MS, request.connectTimeout.milliseconds)
        set(CURLOPT_TIMEOUT_MS, request.timeout.milliseconds)
        _ = os_curl_set_pointer(library.setOption, handle, CURLOPT_ERRORBUFFER, errorText)
        limitRedirects()
        trust()
        send()
        receive()
    }

    private func limitRedirects() {
        set(CURLOPT_PROTOCOLS, Int(CURLPROTO_HTTP | CURLPROTO_HTTPS))
        // A redirect goes where the request went: no plain text behind TLS, and no file.
        let isSecure = request.url.prefix(8).lowercased() == "https://"
        set(CURLOPT_REDIR_PROTOCOLS, Int(isSecure ? CURLPROTO_HTTPS : CURLPROTO_HTTP))
        set(CURLOPT_FOLLOWLOCATION, request.redirectLimit > 0 ? 1 : 0)
        set(CURLOPT_MAXREDIRS, request.redirectLimit)
    }

    private func trust() {
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        if let authorities = request.trust.authorities { set(CURLOPT_CAINFO, authorities) }
        if let certificate = request.trust.certificate {
            set(CURLOPT_SSLCERT, certificate)
            set(CURLOPT_SSLKEY, request.trust.key ?? certificate)
        }
        guard !request.trust.verifiesServer else { return }
        set(CURLOPT_SSL_VERIFYPEER, 0)
        set(CURLOPT_SSL_VERIFYHOST, 0)
    }

    private func send() {
        if let body = request.body {
            // Copied by libcurl, which is told the length first.
            set(CURLOPT_POSTFIELDSIZE, body.count)
            _ = body.withUnsafeBytes {
                os_curl_set_pointer(library.setOption, handle, CURLOPT_COPYPOSTFIELDS, $0.baseAddress)
            }
        }
        for (name, value) in request.headers {
            headerList = library.listAppend(headerList, "\(name): \(value)")
        }
        _ = os_curl_set_pointer(library.setOption, handle, CURLOPT_HTTPHEADER, headerList)
    }

    private func receive() {
        let me = Unmanaged.passUnretained(self).toOpaque()
        _ = os_curl_set_pointer(library.setOption, handle, CURLOPT_WRITEDATA, me)
        _ = os_curl_set_pointer(library.setOption, handle, CURLOPT_HEADERDATA, me)
        _ = os_curl_set_callback(library.setOption, handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, me in
            let transfer = Unmanaged<CurlTransfer>.fromOpaque(me!).takeUnretainedValue()
            let chunk = UnsafeRawBufferPointer(start: bytes, count: size * count)
            return transfer.answer.take(chunk) ? size * count : 0
        }
        _ = os_curl_set_callback(library.setOption, handle, CURLOPT_HEADERFUNCTION) {
            bytes, size, count, me in
            let transfer = Unmanaged<CurlTransfer>.fromOpaque(me!).takeUnretainedValue()
            let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
            return transfer.answer.takeHeader(line) ? size * count : 0
        }
    }

    private func set(_ option: CURLoption, _ value: Int) {
        _ = os_curl_set_long(library.setOption, handle, option, value)
    }

    private func set(_ option: CURLoption, _ value: String) {
        _ = value.withCString { os_curl_set_pointer(library.setOption, handle, option, $0) }
    }

    // MARK: The answer

    /// What came of the transfer, which ended with `code`.
    func result(_ code: CURLcode) -> Result<HTTPResponse, HTTPError> {
        guard code == CURLE_OK else { return .failure(.failed(reason(code))) }
        var status = 0
        _ = os_curl_get_long(library.getInfo, handle, CURLINFO_RESPONSE_CODE, &status)
        return .success(answer.response(status))
    }

    private func reason(_ code: CURLcode) -> String {
        if let excess = answer.excess { return excess }
        switch code {
        case CURLE_OPERATION_TIMEDOUT: return "no whole answer in time"
        case CURLE_TOO_MANY_REDIRECTS: return "more than \(request.redirectLimit) redirects"
        case CURLE_UNSUPPORTED_PROTOCOL where answer.isRedirect:
            return "a redirect to another scheme is not followed"
        // What libcurl says of a line of the head that is longer than it takes, too.
        case CURLE_OUT_OF_MEMORY: return "out of memory, or a header of the answer is too long"
        default: break
        }
        let general = library.easyError(code).map { String(cString: $0) } ?? "curl error \(code.rawValue)"
        let text = String(cString: errorText)
        // It may quote what it was given.
        if text.isEmpty || request.secrets.contains(where: text.contains) { return general }
        // How long it took differs each time, and is no part of the reason.
        guard let start = text.firstRange(of: " after "),
            let end = text[start.upperBound...].firstRange(of: " ms")
        else { return text }
        return String(text[..<start.lowerBound] + text[end.upperBound...])
    }
}

extension Duration {
    /// At least one, which for libcurl is "no limit" when it is zero.
    fileprivate var milliseconds: Int {
        let (seconds, attoseconds) = components
        return max(1, Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000))
    }
}
