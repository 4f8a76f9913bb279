import Glibc
import Kernel

@main
struct Cria {
  static func main() throws {
    let model = try LlamaModel(path: CommandLine.arguments[1])
    let ids = CommandLine.arguments[2].split(separator: ",").map { TokenID($0)! }
    let threads = Int(CommandLine.arguments[3])!
    let inference = try Inference(model: model, contextLength: 2048, threadCount: threads)
    print(VectorTable.best.name)
    func now() -> Double {
      var t = timespec()
      clock_gettime(CLOCK_MONOTONIC, &t)
      return Double(t.tv_sec) + Double(t.tv_nsec) / 1e9
    }
    if CommandLine.arguments.count > 4 {
      let f = fopen(CommandLine.arguments[4], "w")
      var at = 0
      while at < ids.count {
        let end = min(at + 128, ids.count)
        _ = try inference.append(ids[at..<end], logitCount: end - at)
        for row in 0..<end - at {
          let l = inference.logits(row: row)
          fwrite(l.baseAddress, 4, l.count, f)
        }
        at = end
      }
      fclose(f)
      inference.truncate(to: 0)
    }
    for _ in 0..<3 {
      inference.truncate(to: 0)
      var t0 = now()
      let n = 512
      for b in 0..<4 {
        _ = try inference.append((0..<128).map { TokenID(($0 * 37 + b * 11) % 30000) }[...], logitCount: b == 3 ? 1 : 0)
      }
      let p = now() - t0
      inference.truncate(to: 0)
      t0 = now()
      for i in 0..<128 {
        _ = try inference.append([TokenID(i * 100 % 30000)], logitCount: 1)
      }
      let d = now() - t0
      print("prefill", Double(n) / p, "decode", 128 / d)
    }
  }
}
