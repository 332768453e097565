// SPDX-License-Identifier: Apache-2.0

import HostSystem
import Logging
import MetadataTree
import SystemPackage

/// JSON files on this machine, laid over each other one level deep.
struct HeatLocalProvider: MetadataProvider {
    let name = "heat_local"
    let paths: [String]
    let logger: Logger

    var watchedPaths: [FilePath] { paths.map { FilePath($0) } }

    func collect() async throws -> [Output] {
        var result: MetadataValue?
        for path in paths where FileContents.status(FilePath(path)) != nil {
            guard let value = read(path) else { continue }
            guard let known = result, known.isTruthy else {
                result = value
                continue
            }
            guard var merged = known.object, let addition = value.object else {
                logger.warning(
                    "\(path) cannot be laid over the files before it: both have to be objects, ignoring")
                continue
            }
            merged.update(with: addition)
            result?.kind = .object(merged)
        }
        guard let result, result.isTruthy else {
            throw ProviderError.unavailable("Local metadata not found (\(paths.joined(separator: ", ")))")
        }
        return [Output(name: ByteString(name), value: result, source: name)]
    }

    private func read(_ path: String) -> MetadataValue? {
        // Opening a FIFO would wait for a writer.
        if let status = FileContents.status(FilePath(path)), !status.isRegular, !status.isDirectory {
            logger.warning("\(path) is not a file, ignoring")
            return nil
        }
        do {
            return try JSONParser.parse(try FileContents.read(FilePath(path)), name: path)
        } catch let error as JSONError {
            logger.info("\(path) is not valid JSON (\(error))")
        } catch {
            logger.warning("\(error), ignoring")
        }
        return nil
    }
}
