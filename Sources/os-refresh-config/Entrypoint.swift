// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import Glibc
import RefreshConfig

@main
struct Entrypoint {
    static func main() async {
        exit(await RefreshConfigCommand.run(Invocation.current))
    }
}
