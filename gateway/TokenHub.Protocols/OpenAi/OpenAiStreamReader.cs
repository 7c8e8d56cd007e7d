using System.Text.Json;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.OpenAi;

/// <summary>Chat Completions as an upstream answers, in chunks or in one piece.</summary>
internal sealed class OpenAiStreamReader : AnswerDecoder
{
    private readonly OpenAiMessageReader _message = new();
    private bool _isBegun;
    private bool _isEnded;
    private bool _isFailed;

    private static ReadOnlySpan<byte> DoneMark => "[DONE]"u8;

    private protected override void OnBegin()
    {
        (_isBegun, _isEnded, _isFailed) = (false, false, false);
        _message.Begin(Context);
    }

    private protected override void ReadEvent(ReadOnlySpan<byte> name, ReadOnlySpan<byte> data, IChatSink sink)
    {
        if (_isEnded || name.SequenceEqual("error"u8))
        {
            _isFailed |= !_isEnded;
            return;
        }

        if (data.TrimEnd((byte)' ').SequenceEqual(DoneMark))
        {
            End(sink);
            return;
        }

        ReadBody(data, sink);
    }

    private protected override void ReadBody(ReadOnlySpan<byte> body, IChatSink sink)
    {
        if (_isEnded)
        {
            return;
        }

        try
        {
            Begin(body, sink);
            for (var walk = new JsonWalk(body); walk.NextMember();)
            {
                if (walk.NameIs("choices"u8))
                {
                    ReadChoices(ref walk, sink);
                }
                else if (walk.NameIs("error"u8))
                {
                    _isFailed |= walk.Value().IsTruthy;
                }
            }
        }
        catch (JsonException)
        {
            // No JSON: the meter reports it.
        }
    }

    // Usage comes behind the reason to stop, and a reason may be taken back by none: it waits for the end mark.
    private protected override void OnComplete(IChatSink sink) => End(sink);

    // Azure's first chunk has no choices, and neither an id nor a model.
    private void Begin(ReadOnlySpan<byte> body, IChatSink sink)
    {
        if (_isBegun)
        {
            return;
        }

        var answer = OpenAiBodyReader.Read(body);
        if (new JsonWalk(answer.Choices).NextItem(out _))
        {
            _isBegun = true;
            sink.Take(new ChatEvent(ChatEventKind.Start) { Id = answer.Id.Text, Name = answer.Model.Text });
        }
    }

    private void ReadChoices(ref JsonWalk walk, IChatSink sink)
    {
        for (var isArray = walk.EnterArray(); isArray && walk.NextObject();)
        {
            var message = new OpenAiMessage();
            JsonSlice finish = default, chances = default;
            var index = 0;
            while (walk.NextMember())
            {
                if (walk.NameIs("delta"u8) || walk.NameIs("message"u8))
                {
                    if (walk.EnterObject())
                    {
                        message.Read(ref walk);
                    }
                }
                else if (walk.NameIs("index"u8))
                {
                    index = walk.Value().NumberOr(0);
                }
                else if (walk.NameIs("finish_reason"u8))
                {
                    finish = walk.Value();
                }
                else if (walk.NameIs("logprobs"u8))
                {
                    chances = walk.Value();
                }
            }

            message.Chances = chances;
            _message.Read(index, message, finish.Text, sink);
        }
    }

    private void End(IChatSink sink)
    {
        if (!_isEnded && !_isFailed)
        {
            _message.End(sink);
        }

        _isEnded = true;
    }
}
