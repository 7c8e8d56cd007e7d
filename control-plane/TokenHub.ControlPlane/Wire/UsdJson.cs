using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using TokenHub.Core.Money;

namespace TokenHub.ControlPlane.Wire;

/// <summary>Amounts on the wire: strings of plain decimal digits, never JSON numbers.</summary>
internal sealed class UsdJson : JsonConverter<Usd>
{
    public override Usd Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            throw new ValueRefusedException("wrong_type", "must be a string such as \"12.50\"");
        }

        return UsdText.TryParse(reader.GetString(), out var amount) ? amount : throw Refused();
    }

    public override void Write(Utf8JsonWriter writer, Usd value, JsonSerializerOptions options)
    {
        Span<byte> text = stackalloc byte[UsdText.BytesMax];
        writer.WriteStringValue(text[..UsdText.Write(value, text)]);
    }

    public static ValueRefusedException Refused() => new(
        "bad_amount",
        "must be plain decimal digits with at most 8 decimals, no sign or exponent, at most 90071992.54740991");
}

/// <summary>
/// Dollars for one million tokens. Strings; JSON numbers are read by their digits, never as a double.
/// </summary>
internal readonly record struct PricePerMillion(Usd Amount)
{
    public static PricePerMillion Of(long units) => new(new Usd(units));

    public static PricePerMillion? Of(long? units) => units is { } known ? Of(known) : null;
}

internal sealed class PricePerMillionJson : JsonConverter<PricePerMillion>
{
    public override PricePerMillion Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var text = reader.TokenType switch
        {
            JsonTokenType.String => reader.GetString(),
            JsonTokenType.Number => Encoding.ASCII.GetString(reader.ValueSpan),
            _ => throw new ValueRefusedException("wrong_type", "must be a string such as \"2.50\""),
        };
        if (!UsdText.TryParse(text, out var amount))
        {
            throw UsdJson.Refused();
        }

        return amount.Units <= Tariff.UnitsPerMillionMax
            ? new PricePerMillion(amount)
            : throw new ValueRefusedException("out_of_range", "must be at most 100000 dollars for a million tokens");
    }

    public override void Write(Utf8JsonWriter writer, PricePerMillion value, JsonSerializerOptions options)
    {
        Span<byte> text = stackalloc byte[UsdText.BytesMax];
        writer.WriteStringValue(text[..UsdText.Write(value.Amount, text)]);
    }
}
