/* SPDX-License-Identifier: Apache-2.0
 *
 * The types of OpenSSL's libcrypto, which libcurl brings. The library itself is opened by its soname on first
 * use, so nothing is linked here.
 */
#pragma once

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

typedef __typeof__(&HMAC) os_HMAC;
typedef __typeof__(&EVP_sha256) os_EVP_sha256;
typedef __typeof__(&SHA256) os_SHA256;
typedef __typeof__(&EVP_aes_256_gcm) os_EVP_aes_256_gcm;
typedef __typeof__(&EVP_CIPHER_CTX_new) os_EVP_CIPHER_CTX_new;
typedef __typeof__(&EVP_CIPHER_CTX_free) os_EVP_CIPHER_CTX_free;
typedef __typeof__(&EVP_CIPHER_CTX_ctrl) os_EVP_CIPHER_CTX_ctrl;
typedef __typeof__(&EVP_CipherInit_ex) os_EVP_CipherInit_ex;
typedef __typeof__(&EVP_CipherUpdate) os_EVP_CipherUpdate;
typedef __typeof__(&EVP_CipherFinal_ex) os_EVP_CipherFinal_ex;
