using System.Text;
using System.Text.Unicode;

namespace TokenHub.Gateway.Routing;

/// <summary>Compares names ordinally and finds them by their UTF-8 bytes: no string is made to look one up.</summary>
internal sealed class Utf8NameComparer
    : IEqualityComparer<string>, IAlternateEqualityComparer<ReadOnlySpan<byte>, string>
{
    private const int StackBytesMax = 512;

    public static Utf8NameComparer Instance { get; } = new();

    public bool Equals(string? x, string? y) => string.Equals(x, y, StringComparison.Ordinal);

    public int GetHashCode(string name)
    {
        var count = Encoding.UTF8.GetByteCount(name);
        var bytes = count <= StackBytesMax ? stackalloc byte[count] : new byte[count];
        Encoding.UTF8.GetBytes(name, bytes);
        return GetHashCode(bytes);
    }

    public int GetHashCode(ReadOnlySpan<byte> alternate)
    {
        var hash = default(HashCode);
        hash.AddBytes(alternate);
        return hash.ToHashCode();
    }

    public bool Equals(ReadOnlySpan<byte> alternate, string other)
    {
        var rest = other.AsSpan();
        Span<byte> room = stackalloc byte[64];
        while (true)
        {
            Utf8.FromUtf16(rest, room, out var read, out var written, replaceInvalidSequences: true);
            if (!alternate.StartsWith(room[..written]))
            {
                return false;
            }

            alternate = alternate[written..];
            rest = rest[read..];
            if (rest.IsEmpty)
            {
                return alternate.IsEmpty;
            }
        }
    }

    public string Create(ReadOnlySpan<byte> alternate) => Encoding.UTF8.GetString(alternate);
}
