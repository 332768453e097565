// SPDX-License-Identifier: Apache-2.0

import CLibCurl
import Glibc

/// One request on its way; lives on the thread that drives libcurl.
final class CurlTransfer {
    let handle: UnsafeMutableRawPointer
    private let library: CurlLibrary
    private let request: HTTPRequest
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private let errorText: UnsafeMutablePointer<CChar>
    private var answer: ReceivedAnswer
    /// A limit that this libcurl does not know: without it nothing is sent.
    private(set) var refusedLimit: String?

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
        // One that is given up must not wait for the name server, and hold up all others.
        set(CURLOPT_QUICK_EXIT, 1)
        set(CURLOPT_CONNECTTIMEOUT_MS, request.connectTimeout.milliseconds)
        set(CURLOPT_TIMEOUT_MS, request.timeout.milliseconds)
        _ = os_curl_set_pointer(library.setOption, handle, CURLOPT_ERRORBUFFER, errorText)
        limitRedirects()
        trust()
        useProxy()
        send()
        receive()
    }

    private func limitRedirects() {
        require(CURLOPT_PROTOCOLS, Int(CURLPROTO_HTTP | CURLPROTO_HTTPS), "CURLOPT_PROTOCOLS")
        // A redirect goes where the request went: no plain text behind TLS, and no file.
        let isSecure = request.url.prefix(8).lowercased() == "https://"
        let allowed = Int(isSecure ? CURLPROTO_HTTPS : CURLPROTO_HTTP)
        require(CURLOPT_REDIR_PROTOCOLS, allowed, "CURLOPT_REDIR_PROTOCOLS")
        set(CURLOPT_FOLLOWLOCATION, request.redirectLimit > 0 ? 1 : 0)
        set(CURLOPT_MAXREDIRS, request.redirectLimit)
    }

    private func trust() {
        require(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2), "CURLOPT_SSLVERSION")
        if let authorities = request.trust.authorities { trustOnly(authorities) }
        if let certificate = request.trust.certificate {
            set(CURLOPT_SSLCERT, certificate)
            set(CURLOPT_SSLKEY, request.trust.key ?? certificate)
        }
        guard !request.trust.verifiesServer else { return }
        set(CURLOPT_SSL_VERIFYPEER, 0)
        set(CURLOPT_SSL_VERIFYHOST, 0)
    }

    /// The system's authorities, which libcurl may have as a file and as a directory, count no more.
    private func trustOnly(_ authorities: String) {
        var status = stat()
        let isDirectory = stat(authorities, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        let (own, other) = isDirectory ? (CURLOPT_CAPATH, CURLOPT_CAINFO) : (CURLOPT_CAINFO, CURLOPT_CAPATH)
        let results = [
            authorities.withCString { os_curl_set_pointer(library.setOption, handle, own, $0) },
            os_curl_set_pointer(library.setOption, handle, other, nil),
        ]
        if results.contains(where: { $0 != CURLE_OK }) { refusedLimit = "CURLOPT_CAINFO" }
    }

    /// libcurl reads `http_proxy` and not `HTTP_PROXY`, because of web servers; Python's HTTP client reads both.
    private func useProxy() {
        guard request.url.prefix(7).lowercased() == "http://", getenv("http_proxy") == nil,
            getenv("REQUEST_METHOD") == nil, let proxy = getenv("HTTP_PROXY"), proxy.pointee != 0
        else { return }
        _ = os_curl_set_pointer(library.setOption, handle, CURLOPT_PROXY, proxy)
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
        // Left out: no standard has it, and Python's client does not send it.
        headerList = library.listAppend(headerList, "Proxy-Connection:")
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

    /// Sets what must not be left out in silence.
    private func require(_ option: CURLoption, _ value: Int, _ name: String) {
        if os_curl_set_long(library.setOption, handle, option, value) != CURLE_OK { refusedLimit = name }
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
        if code == CURLE_OPERATION_TIMEDOUT { return .failure(.timedOut) }
        guard code == CURLE_OK else { return .failure(.failed(reason(code))) }
        var status = 0
        _ = os_curl_get_long(library.getInfo, handle, CURLINFO_RESPONSE_CODE, &status)
        return .success(answer.response(status))
    }

    private func reason(_ code: CURLcode) -> String {
        if let excess = answer.excess { return excess }
        switch code {
        case CURLE_TOO_MANY_REDIRECTS: return "more than \(request.redirectLimit) redirects"
        case CURLE_UNSUPPORTED_PROTOCOL where answer.isRedirect:
            return "a redirect to another scheme is not followed"
        // What libcurl says of a line of the head that is longer than it takes, too.
        case CURLE_OUT_OF_MEMORY: return "out of memory, or a header of the answer is too long"
        default: break
        }
        let general = library.easyError(code).map { String(cString: $0) } ?? "curl error \(code.rawValue)"
        let text = String(cString: errorText)
        // It may quote what it was given: a part of the URL, or a proxy with its password.
        let isQuoting = code == CURLE_COULDNT_RESOLVE_PROXY || text.contains("@") || text.contains("://")
        if text.isEmpty || isQuoting || request.secrets.contains(where: text.contains) { return general }
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
