using System.Buffers;
using System.Numerics;
using System.Security.Cryptography;

namespace TokenHub.Core.Keys;

/// <summary>
/// A client key: <c>sk-hub-</c>, 43 base-62 digits of 256 random bits, 6 base-62 digits of checksum. The checksum lets
/// a mistyped key be refused without a look-up; it is no secret.
/// </summary>
public static class HubKey
{
    public const string Prefix = "sk-hub-";

    /// <summary>Length of the whole key.</summary>
    public const int Length = 56;

    /// <summary>Characters of a key that may be shown again, so that people can tell keys apart.</summary>
    public const int ShownLength = 12;

    private const int BodyLength = 43;
    private const int ChecksumLength = 6;

    private static readonly SearchValues<byte> DigitSet = SearchValues.Create(Digits);

    private static ReadOnlySpan<byte> Digits => "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8;

    /// <summary>Makes a new key from the system's random source.</summary>
    public static string Create()
    {
        Span<byte> random = stackalloc byte[32];
        RandomNumberGenerator.Fill(random);
        Span<byte> key = stackalloc byte[Length];
        System.Text.Encoding.ASCII.GetBytes(Prefix, key);
        WriteBase62(new BigInteger(random, isUnsigned: true), key.Slice(Prefix.Length, BodyLength));
        WriteBase62(Checksum(key[..^ChecksumLength]), key[^ChecksumLength..]);
        CryptographicOperations.ZeroMemory(random);
        return System.Text.Encoding.ASCII.GetString(key);
    }

    /// <summary>
    /// True when the bytes have the shape and the checksum of a key; says nothing about whether it exists.
    /// </summary>
    public static bool IsWellFormed(ReadOnlySpan<byte> key)
    {
        if (key.Length != Length || !key.StartsWith("sk-hub-"u8)
            || key[Prefix.Length..].ContainsAnyExcept(DigitSet))
        {
            return false;
        }

        Span<byte> expected = stackalloc byte[ChecksumLength];
        WriteBase62(Checksum(key[..^ChecksumLength]), expected);
        return expected.SequenceEqual(key[^ChecksumLength..]);
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return ~crc;
    }

    private static void WriteBase62(BigInteger value, Span<byte> destination)
    {
        for (var i = destination.Length - 1; i >= 0; i--)
        {
            value = BigInteger.DivRem(value, 62, out var digit);
            destination[i] = Digits[(int)digit];
        }
    }

    private static void WriteBase62(uint value, Span<byte> destination)
    {
        for (var i = destination.Length - 1; i >= 0; i--)
        {
            (value, var digit) = Math.DivRem(value, 62);
            destination[i] = Digits[(int)digit];
        }
    }
}
