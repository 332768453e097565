// SPDX-License-Identifier: Apache-2.0

import RequestSigning
import Testing

@Suite("Signature version 2")
struct SignatureV2Tests {
    private let signature = SignatureV2(
        method: "GET", host: "127.0.0.1:18080", path: "/cfn/v1/",
        parameters: [
            ("Action", "DescribeStackResource"), ("StackName", "st1"), ("LogicalResourceId", "res1"),
            ("AWSAccessKeyId", "AK"), ("SignatureVersion", "2"), ("SignatureMethod", "HmacSHA256"),
        ])

    @Test("is what keystoneclient's signer makes of the same call")
    func known() throws {
        #expect(try signature.signature(secret: "SK") == "CImJvsJfDLZ298HYp3TUsdGMxgwbtt93K3Mv3U8srlI=")
    }

    @Test("signs the parameters in the order of their bytes, encoded")
    func canonicalForm() {
        let signed = SignatureV2(
            method: "GET", host: "h", path: "/", parameters: [("b", "x y~"), ("a", "é/+"), ("B", "1")])
        #expect(signed.stringToSign == "GET\nh\n/\nB=1&a=%C3%A9%2F%2B&b=x%20y~")
    }

    @Test("an empty key signs too")
    func emptyKey() throws {
        #expect(try signature.signature(secret: "") != signature.signature(secret: "SK"))
    }

    @Test("digests are compared whole")
    func comparison() {
        #expect(MessageDigest.areEqual([1, 2, 3], [1, 2, 3]))
        #expect(!MessageDigest.areEqual([1, 2, 3], [1, 2, 4]))
        #expect(!MessageDigest.areEqual([1, 2], [1, 2, 3]))
    }
}
