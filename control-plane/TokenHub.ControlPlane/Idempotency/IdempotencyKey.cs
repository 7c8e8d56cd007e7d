using System.Security.Cryptography;
using System.Text;
using TokenHub.ControlPlane.Problems;

namespace TokenHub.ControlPlane.Idempotency;

/// <summary>
/// The <c>Idempotency-Key</c> of a call that moves money, and what the call asked for: the same key stands for the same
/// request, and gets the first answer again.
/// </summary>
internal sealed record IdempotencyKey(string Value, byte[] RequestHash)
{
    public const string Header = "Idempotency-Key";

    /// <summary>Answers that are repeats say so.</summary>
    public const string ReplayedHeader = "Idempotency-Replayed";

    private const int LengthMax = 200;

    /// <summary>Refused when the caller sent none.</summary>
    public static IdempotencyKey Require(HttpContext context, ReadOnlyMemory<byte> body) =>
        Read(context, body) ?? throw RefusedException.Field(
            Header, "required", "is required, so that a repeated call moves no money twice");

    /// <summary>Null when the caller sent none.</summary>
    public static IdempotencyKey? Read(HttpContext context, ReadOnlyMemory<byte> body)
    {
        var header = context.Request.Headers[Header];
        if (header.Count == 0)
        {
            return null;
        }

        var value = header.Count == 1 ? header[0] ?? "" : "";
        if (value.Length is 0 or > LengthMax || value.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            throw RefusedException.Field(
                Header, "bad_key", $"must be 1 to {LengthMax} printable ASCII characters without blanks");
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{context.Request.Method} {context.Request.Path}\n"));
        hash.AppendData(body.Span);
        return new IdempotencyKey(value, hash.GetHashAndReset());
    }
}
