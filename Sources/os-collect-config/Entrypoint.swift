// SPDX-License-Identifier: Apache-2.0

@main
struct Entrypoint {
    static func main() {}
}
