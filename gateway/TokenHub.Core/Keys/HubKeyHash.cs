using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace TokenHub.Core.Keys;

/// <summary>
/// The SHA-256 of a client key: all that is ever stored of it, and the name under which it is looked up.
/// </summary>
public readonly record struct HubKeyHash(ulong A, ulong B, ulong C, ulong D)
{
    public const int ByteLength = 32;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    public static HubKeyHash Of(ReadOnlySpan<byte> key)
    {
        Span<byte> hash = stackalloc byte[ByteLength];
        SHA256.HashData(key, hash);
        return MemoryMarshal.Read<HubKeyHash>(hash);
    }

    public static HubKeyHash Of(string key) => Of(System.Text.Encoding.UTF8.GetBytes(key));

    public byte[] ToBytes()
    {
        var bytes = new byte[ByteLength];
        MemoryMarshal.Write(bytes, in this);
        return bytes;
    }

    /// <summary>Lower-case hex, 64 characters.</summary>
    public override string ToString() => Convert.ToHexStringLower(ToBytes());

    public static bool TryParse(string hex, out HubKeyHash hash)
    {
        hash = default;
        if (hex.Length != ByteLength * 2 || hex.AsSpan().ContainsAnyExcept(HexDigits))
        {
            return false;
        }

        hash = MemoryMarshal.Read<HubKeyHash>(Convert.FromHexString(hex));
        return true;
    }
}
