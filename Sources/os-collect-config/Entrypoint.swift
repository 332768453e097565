// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import CollectConfig
import Glibc

@main
struct Entrypoint {
    static func main() async {
        let invocation = Invocation.current
        exit(
            await CollectConfigCommand.run(
                name: invocation.name, words: invocation.words, environment: invocation.environment))
    }
}
