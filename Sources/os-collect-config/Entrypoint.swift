// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import CollectConfig
import Glibc

@main
struct Entrypoint {
    static func main() async {
        exit(await CollectConfigCommand.run(.current))
    }
}
