// SPDX-License-Identifier: Apache-2.0

/// Variables of the environment by which one agent hands something to another.
package enum SharedVariable {
    /// The file in which os-apply-config tells the names of changed groups, one a line; os-refresh-config makes it for each run.
    package static let changedGroups = "OS_APPLY_CONFIG_CHANGED"
}
