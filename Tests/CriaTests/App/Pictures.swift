/// Whole screens, looked at by a person when they were written down.
enum Pictures {
  /// 40 columns and 12 rows.
  static let small: [AppScreenTests.Scene: String] = [
    .empty: """
     cria  new conversation         F1 help
      Talk with a language model that runs
       in this program, on this machine.

      tiny is ready: type and press Enter.

      Ctrl-P all commands   Ctrl-O models
         Ctrl-T conversations   F1 help

    ────────────────────────────────────────
    ▸ Type a message, or / for commands
     ready      tiny Q4_0  ░░░░░░░░░░ 0/256
    """,
    .streaming: """
     cria  Name three birds         F1 help
      You
      Name three birds

      Assistant  tiny
      Kestrel, heron and wren



    ────────────────────────────────────────
    ▸ Type a message, or / for commands
     ⠸ 10.0 tok/s   tiny  █░░░░░░░░░ 24/256
    """,
    .scrolled: """
     cria  Count                    F1 help

      51

      52

      53

      54                      ↓ 6 new lines
    ────────────────────────────────────────
    ▸ Type a message, or / for commands
     ⠋ 10.0 tok/s   tiny  ███░░░░░░░ 83/256
    """,
    .models: """
     cria  new conversation         F1 help
    ╭─ Models ─────────────────────────────╮
    │ ▸                                    │
    │ ✓ tiny        98.0 MB  Q4_1          │
    │   alpaca-13B  7.3 GB   Q4_0          │
    │   x␛[2J       12 B                   │
    │                                      │
    │ takes 150 MB of memory with its win… │
    │ Enter loads · Ctrl-F fetches smollm… │
    ╰──────────────────────────────────────╯
    ▸ Type a message, or / for commands
     ready      tiny Q4_0  ░░░░░░░░░░ 0/256
    """,
    .transcripts: """
     cria  new conversation         F1 help
      Talk with a language model that runs
    ╭─ Conversations ──────────────────────╮
    │ ▸                                    │
    │ ▸ Owls   2 messages  8 d             │
    │   Larks  2 messages  8 d             │
    │                                      │
    │                                      │
    │ Enter opens · Ctrl-N new · Ctrl-R r… │
    ╰──────────────────────────────────────╯
    ▸ Type a message, or / for commands
     ready      tiny Q4_0  ░░░░░░░░░░ 0/256
    """,
    .help: """
    ╭─ Help ───────────────────────────────╮
    │ Type a message and press Enter. The  │
    │ model runs on this machine; nothing  │
    │ leaves it.                           │
    │ Every conversation saves itself.     │
    │                                      │
    │ Writing                              │
    │                                      │
    │   Enter               Send           │
    │   Alt-Enter Ctrl-J    New line       │
    │   Up Down             On the first   │
    ╰─ Up, Down, PageDown scroll · …── 7% ─╯
    """,
    .confirm: """
     cria  Name a bird              F1 help
      You
      Name a bird
    ╭─ Delete ─────────────────────────────╮
    │ Delete 'Name a bird'? It goes to the │
    │ trash folder.                        │
    │                                      │
    │                      Delete    Keep  │
    ╰──────────────────────────────────────╯
    ────────────────────────────────────────
    ▸ Type a message, or / for commands
     10.0 tok/s  first 500 ms        25/256
    """,
    .notice: """
     cria  new conversation         F1 help
      Talk with a language model that runs
       in this program, on this machine.

      tiny is ready: type and press Enter.

      Ctrl-P all commands   Ctrl-O models
         Ctrl-T conversations   F1 help
     the file is damaged; x.gguf; copy it
     again
    ▸ draft
     ready      tiny Q4_0  ░░░░░░░░░░ 0/256
    """,
  ]

  /// 20 columns and 6 rows: the least there may be.
  static let smallest: [AppScreenTests.Scene: String] = [
    .empty: """
        Talk with a
       language model
        that runs in
    ────────────────────
    ▸ Type a message, …
     ready        0/256
    """,
    .streaming: """
     Assistant  tiny
     Kestrel, heron and
     wren
    ────────────────────
    ▸ Type a message, …
     ⠸ 10.0 tok/s    9%
    """,
    .scrolled: """
     58

     59   ↓ 6 new lines
    ────────────────────
    ▸ Type a message, …
     ⠋ 10.0 tok/s   32%
    """,
    .models: """
    ╭─ Models ─────────╮
    │ ▸                │
    │ ✓ tiny           │
    │   alpaca-13B     │
    │   x␛[2J          │
    ╰──────────────────╯
    """,
    .transcripts: """
    ╭─ Conversations ──╮
    │ ▸                │
    │ ▸ Owls           │
    │   Larks          │
    │                  │
    ╰──────────────────╯
    """,
    .help: """
    ╭─ Help ───────────╮
    │ Type a message   │
    │ and press Enter. │
    │ The model runs   │
    │ on this machine; │
    ╰─ Up, Down…── 1% ─╯
    """,
    .confirm: """
    ╭─ Delete ─────────╮
    │ Delete 'Name a   │
    │ bird'? It goes   │
    │ to the trash     │
    │  Delete    Keep  │
    ╰──────────────────╯
    """,
    .notice: """
        Talk with a
       language model
     the file is
     damaged; x.gguf; c…
    ▸ draft
     ready        0/256
    """,
  ]
}
