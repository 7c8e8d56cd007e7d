using System.Buffers.Binary;

namespace TokenHub.Protocols.Conversations;

/// <summary>
/// A fast hash of 128 bits over bytes that come in pieces cut anywhere, the same on every gateway. Not one that
/// withstands an adversary: what is hashed is the caller's own, and his account stands beside it in every key.
/// </summary>
internal struct StableHash
{
    private const ulong First = 0x9E3779B97F4A7C15;
    private const ulong Second = 0xC2B2AE3D27D4EB4F;
    private const ulong Third = 0xD6E8FEB86659FD93;

    // No byte of UTF-8: what follows it is another text.
    private const byte Border = 0xFF;

    private ulong _a;
    private ulong _b;
    private UInt128 _rest;
    private int _restBytes;

    /// <summary>Bytes taken so far.</summary>
    public long Length { get; private set; }

    public void Add(scoped ReadOnlySpan<byte> part)
    {
        Length += part.Length;
        while (_restBytes > 0 && !part.IsEmpty)
        {
            AddByte(part[0]);
            part = part[1..];
        }

        while (part.Length >= 16)
        {
            Mix(BinaryPrimitives.ReadUInt64LittleEndian(part), BinaryPrimitives.ReadUInt64LittleEndian(part[8..]));
            part = part[16..];
        }

        foreach (var one in part)
        {
            AddByte(one);
        }
    }

    /// <summary>Ends a text: the next one counts as another, wherever the border between the two is.</summary>
    public void EndText()
    {
        Length++;
        AddByte(Border);
    }

    public void Add(UInt128 number)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128LittleEndian(bytes, number);
        Add(bytes);
    }

    public readonly UInt128 Finish()
    {
        var end = this;
        end.Mix((ulong)_rest, (ulong)(_rest >> 64));
        end.Mix((ulong)Length, First);
        end.Mix(end._b, end._a);
        return new UInt128(end._a, end._b);
    }

    private void AddByte(byte one)
    {
        _rest |= (UInt128)one << (8 * _restBytes);
        if (++_restBytes == 16)
        {
            Mix((ulong)_rest, (ulong)(_rest >> 64));
            (_rest, _restBytes) = (0, 0);
        }
    }

    // Both halves of a whole product, so that no bit of either side is lost.
    private void Mix(ulong x, ulong y)
    {
        var high = Math.BigMul(x ^ First ^ _a, y ^ Second ^ _b, out var low);
        _a = Turn(_a + x, 29) ^ low ^ high ^ Third;
        high = Math.BigMul(y ^ Third ^ _a, x ^ Second ^ _b, out low);
        _b = Turn(_b + y, 31) ^ low ^ high ^ First;
    }

    private static ulong Turn(ulong value, int by) => System.Numerics.BitOperations.RotateLeft(value, by);
}
