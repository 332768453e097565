/* SPDX-License-Identifier: Apache-2.0
 *
 * libcurl's types. The library itself is opened by its soname on first use, so nothing is linked here; the
 * wrappers are for the functions with variable arguments, which Swift cannot call, and take the symbol's address.
 */
#pragma once

#include <curl/curl.h>

typedef __typeof__(&curl_global_init) os_curl_global_init;
typedef __typeof__(&curl_easy_init) os_curl_easy_init;
typedef __typeof__(&curl_easy_cleanup) os_curl_easy_cleanup;
typedef __typeof__(&curl_easy_strerror) os_curl_easy_strerror;
typedef __typeof__(&curl_multi_init) os_curl_multi_init;
typedef __typeof__(&curl_multi_cleanup) os_curl_multi_cleanup;
typedef __typeof__(&curl_multi_add_handle) os_curl_multi_add_handle;
typedef __typeof__(&curl_multi_remove_handle) os_curl_multi_remove_handle;
typedef __typeof__(&curl_multi_perform) os_curl_multi_perform;
typedef __typeof__(&curl_multi_poll) os_curl_multi_poll;
typedef __typeof__(&curl_multi_info_read) os_curl_multi_info_read;
typedef __typeof__(&curl_slist_append) os_curl_slist_append;
typedef __typeof__(&curl_slist_free_all) os_curl_slist_free_all;

static inline CURLcode os_curl_set_long(void *setopt, CURL *handle, CURLoption option, long value)
{
    return ((__typeof__(&(curl_easy_setopt)))setopt)(handle, option, value);
}

static inline CURLcode os_curl_set_pointer(void *setopt, CURL *handle, CURLoption option, const void *value)
{
    return ((__typeof__(&(curl_easy_setopt)))setopt)(handle, option, value);
}

typedef size_t (*os_curl_data_callback)(char *, size_t, size_t, void *);

static inline CURLcode os_curl_set_callback(void *setopt, CURL *handle, CURLoption option, os_curl_data_callback value)
{
    return ((__typeof__(&(curl_easy_setopt)))setopt)(handle, option, value);
}

static inline CURLcode os_curl_get_long(void *getinfo, CURL *handle, CURLINFO info, long *value)
{
    return ((__typeof__(&(curl_easy_getinfo)))getinfo)(handle, info, value);
}

/* The fields of CURLMsg that Swift needs: its union is not imported in a useful form. */
static inline CURLcode os_curl_result(const CURLMsg *message) { return message->data.result; }
