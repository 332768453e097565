// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ApplyConfig
import Glibc

@main
struct Entrypoint {
    static func main() async {
        let invocation = Invocation.current
        exit(
            await ApplyConfigCommand.run(
                name: invocation.name, words: invocation.words, environment: invocation.environment))
    }
}
