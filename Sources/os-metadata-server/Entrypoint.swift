// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser
import MetadataServer

@main
struct Entrypoint {
    static func main() async {
        await MetadataServerCommand.main(Invocation.current.words)
    }
}
