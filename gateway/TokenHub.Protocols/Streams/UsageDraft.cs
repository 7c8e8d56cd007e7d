using System.Buffers.Text;
using System.Runtime.CompilerServices;

namespace TokenHub.Protocols.Streams;

/// <summary>The numbers of one usage report, or of several laid over one another; each may be absent.</summary>
internal struct UsageDraft
{
    /// <summary>No provider serves more tokens in one answer; above it a double could not hold the number.</summary>
    public const long NumberMax = 1L << 53;

    private Numbers _numbers;
    private int _present;

    /// <summary>A number was negative, fractional, too large or none: nothing in the report can be trusted.</summary>
    public bool IsImpossible { get; private set; }

    public readonly bool IsEmpty => _present == 0;

    public readonly bool Has(UsageField field) => (_present & (1 << (int)field)) != 0;

    /// <summary>The number, 0 when absent.</summary>
    public readonly long this[UsageField field] => Has(field) ? _numbers[(int)field] : 0;

    public void Set(UsageField field, long value)
    {
        _numbers[(int)field] = value;
        _present |= 1 << (int)field;
    }

    public void Add(in UsageDraft other)
    {
        IsImpossible |= other.IsImpossible;
        for (var i = 0; i < FieldCount; i++)
        {
            var field = (UsageField)i;
            if (other.Has(field))
            {
                Set(field, this[field] + other[field]);
            }
        }
    }

    /// <summary>Numbers that are present in the other take the place of those here.</summary>
    public void Overlay(in UsageDraft other)
    {
        for (var i = 0; i < FieldCount; i++)
        {
            var field = (UsageField)i;
            if (other.Has(field))
            {
                Set(field, other[field]);
            }
        }
    }

    public void Read(UsageField field, ReadOnlySpan<byte> number)
    {
        if (TryParse(number, out var value))
        {
            Set(field, value);
        }
        else
        {
            IsImpossible = true;
        }
    }

    public void Spoil() => IsImpossible = true;

    // Some servers compute in floating point and write 12.0: that is still a whole number.
    private static bool TryParse(ReadOnlySpan<byte> number, out long value)
    {
        var point = number.IndexOf((byte)'.');
        if (point >= 0 && number[(point + 1)..].IndexOfAnyExcept((byte)'0') < 0)
        {
            number = number[..point];
        }

        return Utf8Parser.TryParse(number, out value, out var used) && used == number.Length
            && value is >= 0 and <= NumberMax;
    }

    private const int FieldCount = (int)UsageField.Total + 1;

    [InlineArray(FieldCount)]
    private struct Numbers
    {
        private long _first;
    }
}
