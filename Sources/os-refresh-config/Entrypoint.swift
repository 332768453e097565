// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import Glibc
import RefreshConfig

@main
struct Entrypoint {
    static func main() async {
        let invocation = Invocation.current
        exit(
            await RefreshConfigCommand.run(
                name: invocation.name, words: invocation.words, environment: invocation.environment))
    }
}
