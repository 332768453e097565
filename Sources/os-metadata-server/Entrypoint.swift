// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MetadataServer

@main
struct Entrypoint {
    static func main() async {
        await MetadataServerCommand.main()
    }
}
