/* SPDX-License-Identifier: Apache-2.0
 *
 * expat's types. The library itself is opened by its soname on first use, so nothing is linked here.
 */
#pragma once

#include <expat.h>

typedef __typeof__(&XML_ParserCreate) os_XML_ParserCreate;
typedef __typeof__(&XML_ParserFree) os_XML_ParserFree;
typedef __typeof__(&XML_SetUserData) os_XML_SetUserData;
typedef __typeof__(&XML_SetElementHandler) os_XML_SetElementHandler;
typedef __typeof__(&XML_SetCharacterDataHandler) os_XML_SetCharacterDataHandler;
typedef __typeof__(&XML_SetStartDoctypeDeclHandler) os_XML_SetStartDoctypeDeclHandler;
typedef __typeof__(&XML_Parse) os_XML_Parse;
typedef __typeof__(&XML_StopParser) os_XML_StopParser;
typedef __typeof__(&XML_GetErrorCode) os_XML_GetErrorCode;
typedef __typeof__(&XML_ErrorString) os_XML_ErrorString;
typedef __typeof__(&XML_GetCurrentLineNumber) os_XML_GetCurrentLineNumber;
typedef __typeof__(&XML_GetCurrentColumnNumber) os_XML_GetCurrentColumnNumber;
