using TokenHub.Core.Money;

namespace TokenHub.Gateway.Exchanges.Media;

/// <summary>
/// Which models for pictures and sound are priced by what. Models that report their tokens can be priced by them alone;
/// for all others the price has to name pictures, minutes or characters.
/// </summary>
internal static class MediaModels
{
    /// <summary>
    /// Tokens held for one picture: of the largest and best it is 6,240, and a new model may want more.
    /// </summary>
    public const long PictureTokensMost = 8_192;

    /// <summary>Tokens of a square picture of middling quality: charged where an answer broke off unfinished.</summary>
    public const long PictureTokensUsual = 1_056;

    /// <summary>Tokens of a picture that is sent along, at its dearest.</summary>
    public const long GivenPictureTokensMost = 6_500;

    /// <summary>Tokens that one second of heard sound has, and that one second of speech has written down.</summary>
    public const long HeardTokensPerSecond = 10;

    public const long WrittenTokensPerSecond = 8;

    /// <summary>Tokens of a second of made speech, by its maker's own estimate: a minute has 1,250.</summary>
    public const long SpokenTokensPerSecond = 21;

    /// <summary>True when the price says what a call costs whose work is pictures or sound.</summary>
    public static bool IsPriced(in Tariff tariff, Endpoint endpoint, string model) =>
        !endpoint.IsMedia()
        || (tariff.Output > 0 && IsSoldByTokens(endpoint, model))
        || (endpoint.IsPictures() ? tariff.Image is not null
            : tariff.AudioMinute is not null || (endpoint == Endpoint.Speech && tariff.Characters is not null));

    /// <summary>
    /// True for OpenAI's models that cost by the token: they say how many an answer took, but for speech in one piece.
    /// </summary>
    public static bool IsSoldByTokens(Endpoint endpoint, string model) =>
        endpoint.IsPictures() ? Has(model, "gpt-image")
        : Has(model, "gpt-") && Has(model, endpoint.Hears() ? "transcribe" : "tts");

    private static bool Has(string model, string part) => model.Contains(part, StringComparison.OrdinalIgnoreCase);
}
