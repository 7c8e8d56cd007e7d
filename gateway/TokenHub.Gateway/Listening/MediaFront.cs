using System.Text;
using System.Text.Json;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Errors;
using TokenHub.Protocols.Forms;
using TokenHub.Protocols.Json;
using TokenHub.Protocols.Media;
using TokenHub.Protocols.Tokens;

namespace TokenHub.Gateway.Listening;

/// <summary>Reads the bodies of calls for pictures and sound: JSON, or a form with files in it.</summary>
internal static class MediaFront
{
    // Slow speech, so that the guess is on the high side: letters, and signs that are whole words or syllables.
    private const long LettersPerSecond = 8;
    private const long SignsPerSecond = 3;
    private const double SpeedLeast = 0.25;
    private const double SpeedMost = 4;
    private const int PartialImagesMax = 16;

    // Of each unfinished picture.
    private const long PartialImageTokens = 100;
    private const long SpareTokens = 256;

    public static GatewayError Read(Exchange exchange)
    {
        var type = exchange.Request.Headers.ContentType.ToString();
        return FormBoundary.IsForm(type) ? ReadForm(exchange, type)
            : exchange.Endpoint.Hears() || exchange.Endpoint == Endpoint.ImageVariations
                ? Refused("The request body must be a form (multipart/form-data).", null)
            : ReadJson(exchange);
    }

    private static GatewayError ReadForm(Exchange exchange, string type)
    {
        if (exchange.Endpoint is Endpoint.Images or Endpoint.Speech)
        {
            return Refused("The request body must be JSON.", null);
        }

        if (!FormBoundary.TryRead(type, out var boundary))
        {
            return Refused("The content type names no boundary, or one that cannot be used.", null);
        }

        var body = exchange.Body.Span;
        if (!FormReader.TryRead(body, boundary, out var form, out var fault))
        {
            return Refused(fault.Message, fault.Field);
        }

        exchange.Model = Encoding.UTF8.GetString(body[form.Model]);
        var call = new MediaCall
        {
            Endpoint = exchange.Endpoint,
            ContentType = FormBoundary.TypeOf(boundary),
            Form = form,
            IsStream = form.Stream,
        };
        var text = TokenEstimate.OfText(new InputTally { AsciiBytes = form.TextBytes });
        if (!exchange.Endpoint.Hears())
        {
            exchange.Media = Pictures(
                call, form.N, form.PartialImages, text + (form.Files * MediaModels.GivenPictureTokensMost));
            return default;
        }

        if (!form.HasFile)
        {
            return Refused("The field 'file' is missing.", "file");
        }

        exchange.Media = Heard(call, body[form.File], text);
        return default;
    }

    private static MediaCall Heard(MediaCall call, ReadOnlySpan<byte> file, long textTokens)
    {
        var known = AudioLength.Read(file);
        var ms = Math.Min(known ?? AudioLength.BoundMs(file.Length), MediaUnits.Max);
        var seconds = (ms / 1000) + 1;
        return call with
        {
            Units = new MediaUnits(0, ms, 0),
            IsLengthKnown = known is not null,
            InputTokens = textTokens + (seconds * MediaModels.HeardTokensPerSecond),
            OutputTokensMax = SpareTokens + (seconds * MediaModels.WrittenTokensPerSecond),
        };
    }

    private static MediaCall Pictures(MediaCall call, int n, int partialImages, long inputTokens) => call with
    {
        Units = new MediaUnits(n, 0, 0),
        InputTokens = Math.Max(1, inputTokens),
        OutputTokensMax = n * (MediaModels.PictureTokensMost + (partialImages * PartialImageTokens)),
    };

    private static GatewayError ReadJson(Exchange exchange)
    {
        var body = exchange.Body.Span;
        if (!RequestScanner.TryScan(exchange.Dialect, body, isMedia: true, out var facts, out var fault))
        {
            return Refused(fault.Message, fault.Field is { Length: > 0 } field ? field : null);
        }

        exchange.Facts = facts;
        var wishes = Wishes.Read(body);
        var call = new MediaCall
        {
            Endpoint = exchange.Endpoint,
            ContentType = "application/json",
            IsStream = facts.Stream || wishes.IsEventStream,
            IsPcm = wishes.IsPcm,
        };
        var text = TokenEstimate.Plain(facts.Input, exchange.Dialect);
        exchange.Media = exchange.Endpoint == Endpoint.Speech
            ? call with
            {
                Units = new MediaUnits(0, wishes.SpeechMs, wishes.Letters + wishes.Signs),
                InputTokens = text,
                OutputTokensMax = SpareTokens + (wishes.SpeechMs * MediaModels.SpokenTokensPerSecond / 1000),
            }
            : Pictures(
                call, facts.N, wishes.PartialImages, text + (wishes.Images * MediaModels.GivenPictureTokensMost));
        return default;
    }

    private static GatewayError Refused(string message, string? field) =>
        new(GatewayFault.BadRequest, message, field);

    /// <summary>Members of a JSON body that the general scan has no use for.</summary>
    private record struct Wishes
    {
        public bool IsEventStream { get; private set; }

        public bool IsPcm { get; private set; }

        public int PartialImages { get; private set; }

        /// <summary>Pictures that are sent along.</summary>
        public int Images { get; private set; }

        /// <summary>Characters to be read aloud, by how long they take.</summary>
        public long Letters { get; private set; }

        public long Signs { get; private set; }

        private double Speed { get; set; }

        public readonly long SpeechMs => (long)Math.Min(
            ((Letters * 1000 / LettersPerSecond) + (Signs * 1000 / SignsPerSecond) + 1000)
            / Math.Clamp(Speed, SpeedLeast, SpeedMost),
            MediaUnits.Max);

        public static Wishes Read(ReadOnlySpan<byte> body)
        {
            var wishes = new Wishes { Speed = 1 };
            var json = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 256 });
            while (json.Read())
            {
                if (json is { TokenType: JsonTokenType.PropertyName, CurrentDepth: 1 })
                {
                    wishes.Take(ref json);
                }
            }

            return wishes;
        }

        private void Take(ref Utf8JsonReader json)
        {
            if (json.ValueTextEquals("input"u8) && json.Read() && json.TokenType == JsonTokenType.String)
            {
                Count(json.GetString()!);
            }
            else if (json.ValueTextEquals("stream_format"u8) && json.Read())
            {
                IsEventStream = json.TokenType == JsonTokenType.String && json.ValueTextEquals("sse"u8);
            }
            else if (json.ValueTextEquals("response_format"u8) && json.Read())
            {
                IsPcm = json.TokenType == JsonTokenType.String && json.ValueTextEquals("pcm"u8);
            }
            else if (json.ValueTextEquals("speed"u8) && json.Read())
            {
                Speed = json.TokenType == JsonTokenType.Number && json.TryGetDouble(out var speed) ? speed : 1;
            }
            else if (json.ValueTextEquals("partial_images"u8) && json.Read())
            {
                PartialImages = json.TokenType == JsonTokenType.Number && json.TryGetInt32(out var number)
                    ? Math.Clamp(number, 0, PartialImagesMax) : 0;
            }
            else if (json.ValueTextEquals("images"u8) && json.Read() && json.TokenType == JsonTokenType.StartArray)
            {
                while (json.Read() && json.TokenType != JsonTokenType.EndArray)
                {
                    Images++;
                    json.Skip();
                }
            }
        }

        private void Count(string text)
        {
            foreach (var rune in text.EnumerateRunes())
            {
                // From the Chinese and Japanese signs on, and Korean syllables, each takes as long as a word's part.
                var isSign = rune.Value >= 0x2E80;
                (Letters, Signs) = isSign ? (Letters, Signs + 1) : (Letters + 1, Signs);
            }
        }
    }
}
