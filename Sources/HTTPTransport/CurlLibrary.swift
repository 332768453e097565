// SPDX-License-Identifier: Apache-2.0

import CLibCurl
import Glibc

/// The system's libcurl, opened when it is first needed: a program that sends no request does not map it.
struct CurlLibrary {
    let easyInit: os_curl_easy_init
    let easyCleanup: os_curl_easy_cleanup
    let easyError: os_curl_easy_strerror
    let multiInit: os_curl_multi_init
    let multiCleanup: os_curl_multi_cleanup
    let multiAdd: os_curl_multi_add_handle
    let multiRemove: os_curl_multi_remove_handle
    let multiPerform: os_curl_multi_perform
    let multiPoll: os_curl_multi_poll
    let multiInfo: os_curl_multi_info_read
    let listAppend: os_curl_slist_append
    let listFree: os_curl_slist_free_all
    /// `curl_easy_setopt` and `curl_easy_getinfo`, called through the shim.
    let setOption: UnsafeMutableRawPointer
    let getInfo: UnsafeMutableRawPointer

    /// - Throws: `HTTPError.unavailable` when there is no libcurl, or one without a function we need.
    static func open() throws(HTTPError) -> CurlLibrary {
        guard let handle = dlopen("libcurl.so.4", RTLD_NOW | RTLD_GLOBAL) else {
            throw .unavailable(dlerror().map { String(cString: $0) } ?? "libcurl.so.4 cannot be opened")
        }
        func symbol<Function>(_ name: String, as type: Function.Type) throws(HTTPError) -> Function {
            guard let address = dlsym(handle, name) else { throw .unavailable("libcurl has no \(name)") }
            return unsafeBitCast(address, to: type)
        }
        let globalInit = try symbol("curl_global_init", as: os_curl_global_init.self)
        guard globalInit(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK else {
            throw .unavailable("libcurl does not start")
        }
        return CurlLibrary(
            easyInit: try symbol("curl_easy_init", as: os_curl_easy_init.self),
            easyCleanup: try symbol("curl_easy_cleanup", as: os_curl_easy_cleanup.self),
            easyError: try symbol("curl_easy_strerror", as: os_curl_easy_strerror.self),
            multiInit: try symbol("curl_multi_init", as: os_curl_multi_init.self),
            multiCleanup: try symbol("curl_multi_cleanup", as: os_curl_multi_cleanup.self),
            multiAdd: try symbol("curl_multi_add_handle", as: os_curl_multi_add_handle.self),
            multiRemove: try symbol("curl_multi_remove_handle", as: os_curl_multi_remove_handle.self),
            multiPerform: try symbol("curl_multi_perform", as: os_curl_multi_perform.self),
            multiPoll: try symbol("curl_multi_poll", as: os_curl_multi_poll.self),
            multiInfo: try symbol("curl_multi_info_read", as: os_curl_multi_info_read.self),
            listAppend: try symbol("curl_slist_append", as: os_curl_slist_append.self),
            listFree: try symbol("curl_slist_free_all", as: os_curl_slist_free_all.self),
            setOption: try symbol("curl_easy_setopt", as: UnsafeMutableRawPointer.self),
            getInfo: try symbol("curl_easy_getinfo", as: UnsafeMutableRawPointer.self))
    }
}
