using TokenHub.ControlPlane.OpenApi;

namespace TokenHub.ControlPlane.Affinity;

/// <summary>
/// How calls of one conversation are known, so that they go where its prompt is cached. Rules are looked through by
/// position; the first that is for a call and finds a key binds the conversation to the channel that serves it.
/// </summary>
internal sealed record AffinityRuleView
{
    public required string Id { get; init; }
    public required string Name { get; init; }

    /// <summary>Lower ones are looked at first.</summary>
    public required int Position { get; init; }

    /// <summary>A path such as <c>/v1/messages</c>, or a pattern of paths; null: every conversation.</summary>
    public string? Path { get; init; }

    /// <summary>A model name or a pattern such as <c>claude-*</c>; null: every model.</summary>
    public string? Model { get; init; }

    /// <summary>
    /// Where the key is read: <c>header:x-session-id</c>, a JSON pointer such as <c>/metadata/user_id</c>, or several
    /// of them separated by blanks; <c>+prefix</c> at the end adds a hash of the conversation's stable head, and
    /// <c>prefix</c> alone is that hash.
    /// </summary>
    public required string Source { get; init; }

    /// <summary>A conversation is forgotten so long after its last answer.</summary>
    public required int TtlSeconds { get; init; }

    /// <summary>Pinned, no failover: while the binding lives, no other channel is tried.</summary>
    public required bool Pinned { get; init; }

    /// <summary>A first token slower than this unbinds the conversation; null: never.</summary>
    public int? UnbindAfterMs { get; init; }

    [Allowed("active", "disabled")]
    public required string Status { get; init; }

    public required bool Enabled { get; init; }

    /// <summary>When all that was bound by the rule was last unbound; null: never.</summary>
    public DateTime? FlushedAt { get; init; }

    public required long Version { get; init; }
    public required DateTime CreatedAt { get; init; }
}

/// <summary>A new rule.</summary>
internal sealed record CreateAffinityRule
{
    public required string Name { get; init; }

    /// <summary>Left out: after all others.</summary>
    public int? Position { get; init; }

    public string? Path { get; init; }
    public string? Model { get; init; }
    public required string Source { get; init; }

    /// <summary>3600 when left out.</summary>
    public int? TtlSeconds { get; init; }

    public bool? Pinned { get; init; }
    public int? UnbindAfterMs { get; init; }

    [Allowed("active", "disabled")]
    public string? Status { get; init; }

    public bool? Enabled { get; init; }
}

/// <summary>A change of a rule; fields that are left out stay. Null takes path, model or time away.</summary>
internal sealed record UpdateAffinityRule
{
    public string? Name { get; init; }
    public int? Position { get; init; }
    public string? Path { get; init; }
    public string? Model { get; init; }
    public string? Source { get; init; }
    public int? TtlSeconds { get; init; }
    public bool? Pinned { get; init; }
    public int? UnbindAfterMs { get; init; }

    [Allowed("active", "disabled")]
    public string? Status { get; init; }

    public bool? Enabled { get; init; }
}
