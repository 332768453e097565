// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ApplyConfig
import Glibc

@main
struct Entrypoint {
    static func main() async {
        exit(await ApplyConfigCommand.run(Invocation.current))
    }
}
