// swift-tools-version: 6.2
import PackageDescription

// The import rules of README's map are the dependencies below: TUI, Chat and Kernel
// never see each other; only the executable sees all three.

// Without MemberImportVisibility, what one file's TOMLKit imports from Foundation is taken in all
// files, and the static binary grows by the 47 MB of Foundation's tables.
let strict: [SwiftSetting] = [
  .treatAllWarnings(as: .error), .enableUpcomingFeature("MemberImportVisibility"),
]
let strictTests: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let package = Package(
  name: "cria",
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
  ],
  targets: [
    .systemLibrary(name: "CNcurses", providers: [.apt(["libncurses-dev"])]),
    .target(
      name: "CKernels",
      cSettings: [.treatAllWarnings(as: .error)]),
    .target(name: "Kernel", dependencies: ["CKernels"], swiftSettings: strict),
    .target(name: "Chat", swiftSettings: strict),
    .target(
      name: "CTerminal",
      cSettings: [.treatAllWarnings(as: .error)]),
    .target(
      name: "TUI",
      dependencies: ["CNcurses", "CTerminal", .product(name: "TOMLKit", package: "TOMLKit")],
      swiftSettings: strict),
    .executableTarget(
      name: "cria",
      dependencies: [
        "Kernel", "Chat", "TUI",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "TOMLKit", package: "TOMLKit"),
      ],
      swiftSettings: strict),

    .testTarget(
      name: "KernelTests", dependencies: ["Kernel", "CKernels"], exclude: ["Fixtures"],
      swiftSettings: strictTests),
    .testTarget(name: "ChatTests", dependencies: ["Chat"], swiftSettings: strictTests),
    .testTarget(name: "TUITests", dependencies: ["TUI"], swiftSettings: strictTests),
    .testTarget(
      name: "CriaTests", dependencies: ["cria", "Kernel", "Chat", "TUI"], swiftSettings: strictTests
    ),
    .testTarget(name: "ModelTests", dependencies: ["Kernel"], swiftSettings: strictTests),
    .testTarget(name: "EndToEnd", dependencies: ["cria"], swiftSettings: strictTests),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c11
)
