import Testing

/// The suites that compute with a model: each uses all processors, so they take turns.
@Suite(.serialized) enum OneAtATime {}
