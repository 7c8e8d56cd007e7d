namespace TokenHub.Core.Snapshots;

/// <summary>
/// How calls of one conversation are known, so that they go where its prompt is cached. Rules are looked through in
/// order; the first that applies to a call and finds its key binds it.
/// </summary>
public sealed record AffinityRule
{
    public required long Id { get; init; }
    public required string Name { get; init; }

    /// <summary>Paths that carry conversations; a rule's own path names one of them, or several by a pattern.</summary>
    public static IReadOnlyList<string> Paths { get; } =
    [
        "/v1/chat/completions", "/v1/responses", "/v1/messages", "/v1beta/models/{model}:generateContent",
        "/v1beta/models/{model}:streamGenerateContent",
    ];

    /// <summary>Path that it is for, such as <c>/v1/messages</c>; null for every path.</summary>
    public string? Path { get; init; }

    /// <summary>Name or pattern of the models; null for every model.</summary>
    public string? Model { get; init; }

    /// <summary>
    /// Where the key is read: <c>header:x-session-id</c>, a JSON pointer <c>/metadata/user_id</c>, or <c>prefix</c> for
    /// a hash of the stable head of the conversation. See <see cref="AffinitySource"/>.
    /// </summary>
    public required string Source { get; init; }

    public int TtlSeconds { get; init; } = 3600;

    /// <summary>No other channel is tried while the binding lives.</summary>
    public bool IsPinned { get; init; }

    /// <summary>A first token slower than this unbinds the conversation; null: never.</summary>
    public int? UnbindAfterMs { get; init; }

    /// <summary>Raised by each flush of the rule: what was bound under a lower one is not bound any more.</summary>
    public long Generation { get; init; }
}
