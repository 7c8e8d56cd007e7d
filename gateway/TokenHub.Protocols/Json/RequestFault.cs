namespace TokenHub.Protocols.Json;

/// <summary>Why a request body was refused.</summary>
public enum RequestFaultCode : byte
{
    None,
    Empty,
    NotJson,
    NotAnObject,
    TrailingBytes,
    InvalidUtf8,
    TooDeep,
    TooManyTokens,
    DuplicateKey,
    CaseVariant,
    MissingModel,
    WrongType,
    OutOfRange,
    ModelTooLong,
}

/// <summary>
/// The first thing wrong with a request body: what, in which field (empty when in none) and at which byte.
/// </summary>
public readonly record struct RequestFault(RequestFaultCode Code, string Field, long Position, string Wanted = "")
{
    /// <summary>One sentence for the caller. It quotes nothing of the body but a known field's name.</summary>
    public string Message => Code switch
    {
        RequestFaultCode.None => "",
        RequestFaultCode.Empty => "The request body is empty.",
        RequestFaultCode.NotJson =>
            $"The request body is not valid JSON: {Wanted} at byte {Position}.",
        RequestFaultCode.NotAnObject => "The request body must be one JSON object.",
        RequestFaultCode.TrailingBytes =>
            $"The request body goes on after the end of its JSON document, at byte {Position}.",
        RequestFaultCode.InvalidUtf8 => $"The request body is not valid UTF-8, at byte {Position}.",
        RequestFaultCode.TooDeep =>
            $"The request body nests deeper than {RequestScanner.DepthMax} levels, at byte {Position}.",
        RequestFaultCode.TooManyTokens => "The request body has too many JSON values for its size.",
        RequestFaultCode.DuplicateKey => $"The field '{Field}' stands in the request body more than once.",
        RequestFaultCode.CaseVariant =>
            $"A field of the request body reads like '{Field}' but is spelled differently, at byte {Position}.",
        RequestFaultCode.MissingModel => "The field 'model' is missing.",
        RequestFaultCode.WrongType => $"The field '{Field}' must be {Wanted}.",
        RequestFaultCode.OutOfRange => $"The field '{Field}' must be {Wanted}.",
        RequestFaultCode.ModelTooLong =>
            $"The field 'model' must be 1 to {RequestScanner.ModelBytesMax} bytes without control characters.",
        _ => "The request body cannot be read.",
    };
}
