/* SPDX-License-Identifier: Apache-2.0
 *
 * The types of OpenSSL's libcrypto, which libcurl brings. The library itself is opened by its soname on first
 * use, so nothing is linked here.
 */
#pragma once

#include <openssl/evp.h>
#include <openssl/hmac.h>

typedef __typeof__(&HMAC) os_HMAC;
typedef __typeof__(&EVP_sha256) os_EVP_sha256;
