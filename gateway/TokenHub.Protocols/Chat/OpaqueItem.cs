using TokenHub.Core.Snapshots;

namespace TokenHub.Protocols.Chat;

/// <summary>What an opaque item stands for.</summary>
public enum OpaqueKind : byte
{
    None,

    /// <summary>Signs or holds the thought it stands with.</summary>
    Reasoning,

    /// <summary>Stands for a thought of which nothing may be read (Anthropic's redacted ones).</summary>
    Redacted,

    /// <summary>Belongs to a call (Gemini).</summary>
    Call,

    /// <summary>Belongs to visible text (Gemini).</summary>
    Text,
}

/// <summary>
/// Something that only its issuer can read, and must get back bit for bit: a signature, an encrypted thought. Given to
/// nobody but its issuer, and made by nobody else.
/// </summary>
/// <param name="Issuer">The dialect of the upstream that made it.</param>
/// <param name="Family">
/// The model family that made it; empty when it came without (see <see cref="ModelFamily"/>).
/// </param>
/// <param name="Data">As the issuer wrote it.</param>
/// <param name="Id">The issuer's id of the item, where it has one (Responses).</param>
public sealed record OpaqueItem(Dialect Issuer, string Family, OpaqueKind Kind, string Data, string? Id = null)
{
    /// <summary>True when a model can read the item.</summary>
    public bool IsFor(Dialect dialect, string model) =>
        Issuer == dialect && (Family.Length == 0 || Family == ModelFamily.Of(model));
}
