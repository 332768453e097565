// SPDX-License-Identifier: Apache-2.0

import AgentRuntime

/// Results of cases in the XML that CI systems read (JUnit's `testsuites`).
struct JUnitReport {
    let results: [CaseResult]
    /// The text of a failure.
    let explanation: (CaseResult.Failure) -> String

    var text: String {
        var elements: [String] = []
        for result in results where !elements.contains(result.element) { elements.append(result.element) }
        let suites = elements.map { element in suite(element, results.filter { $0.element == element }) }
        return
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites\(totals(results))>\n\(suites.joined())</testsuites>\n"
    }

    private func suite(_ element: String, _ results: [CaseResult]) -> String {
        let cases = results.map { result in
            let head =
                "    <testcase classname=\"\(Printable.xml(element))\" name=\"\(Printable.xml(result.name))\" time=\"\(seconds(result.duration))\""
            guard let failure = result.failure else { return head + "/>\n" }
            let message = failure.messages.first ?? "the files differ"
            return
                "\(head)>\n      <failure message=\"\(Printable.xml(message))\">\(Printable.xml(explanation(failure)))</failure>\n    </testcase>\n"
        }
        return
            "  <testsuite name=\"\(Printable.xml(element))\"\(totals(results))>\n\(cases.joined())  </testsuite>\n"
    }

    private func totals(_ results: [CaseResult]) -> String {
        let time = results.reduce(Duration.zero) { $0 + $1.duration }
        return
            " tests=\"\(results.count)\" failures=\"\(results.count { $0.failure != nil })\" errors=\"0\" time=\"\(seconds(time))\""
    }

    private func seconds(_ duration: Duration) -> String {
        let milliseconds =
            duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
        let rest = String(milliseconds % 1000)
        return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
    }
}
